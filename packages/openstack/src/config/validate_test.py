"""What validate.py says of a user's options: `python3 -m unittest`, or by vitest (programs.test.ts)."""
import contextlib
import importlib.metadata
import io
import json
import os
import sys
import tempfile
import types as python
import unittest
from unittest import mock

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
# After all others: where there is the real one, what is said here holds for that.
sys.path.append(os.path.join(here, '../testing/python'))
import validate
from oslo_config import cfg

options = {
    'glance.api': [
        (None, [
            cfg.BoolOpt('debug', default=False),
            cfg.IntOpt('workers', min=1),
            cfg.FloatOpt('factor'),
            cfg.ListOpt('enabled_backends'),
            cfg.MultiStrOpt('public_endpoint'),
            cfg.StrOpt('admin_password', secret=True),
            cfg.StrOpt('digest', choices=['sha1', 'sha256']),
            cfg.IntOpt('old_limit', deprecated_for_removal=True),
        ]),
        (cfg.OptGroup('database'), [
            cfg.StrOpt('connection', deprecated_opts=[cfg.DeprecatedOpt('sql-connection', group='DEFAULT')]),
            cfg.IntOpt('pin', secret=True),
        ]),
        ('keystone_authtoken', [
            cfg.StrOpt('auth_type'),
            cfg.ListOpt('memcached_servers', deprecated_opts=[cfg.DeprecatedOpt('memcache_servers')]),
        ]),
    ],
    'glance.store': [(None, [cfg.StrOpt('weight')])],
}


def entry_points(group, name):
    known = name in options and group == 'oslo.config.opts'
    return [mock.Mock(load=lambda: lambda: options[name])] if known else []


def no_such_plugin(name):
    if name != 'password':
        raise ValueError(name)
    return mock.Mock(get_options=lambda: [plugin_option('username'), plugin_option('user_id', old='user')])


def plugin_option(name, old=None):
    deprecated = [cfg.DeprecatedOpt(old)] if old else []
    return mock.Mock(dest=name, _to_oslo_opt=lambda: cfg.StrOpt(name, deprecated_opts=deprecated))


# Which plugins there are is the image's matter.
loading = python.ModuleType('keystoneauth1.loading')
loading.get_plugin_loader = no_such_plugin
loading.get_available_plugin_names = lambda: {'token', 'password'}
keystoneauth1 = python.ModuleType('keystoneauth1')
keystoneauth1.loading = loading


class Validation(unittest.TestCase):
    def judged(self, written, dynamic=(), secrets=(), owned=None, **more):
        """Exit code and lines for a file with these options, all of them set by the user."""
        with tempfile.TemporaryDirectory() as directory:
            text = []
            for section, values in written.items():
                text.append(f'[{section}]')
                for name, value in values.items():
                    text += [f'{name} = {one}' for one in (value if isinstance(value, list) else [value])]
            with open(os.path.join(directory, 'glance-api.conf'), 'w') as file:
                file.write('\n'.join(text) + '\n')
            wanted = {section: {name: name in secrets for name in values} for section, values in written.items()}
            check = {'namespaces': ['glance.api'], 'dynamic': list(dynamic), 'set': wanted, 'owned': owned or {}, **more}
            with open(os.path.join(directory, 'check.json'), 'w') as file:
                json.dump({'glance-api.conf': check}, file)

            log = os.path.join(directory, 'termination-log')
            printed = io.StringIO()
            with mock.patch.object(importlib.metadata, 'entry_points', entry_points), \
                    mock.patch.dict(sys.modules, {'keystoneauth1': keystoneauth1, 'keystoneauth1.loading': loading}), \
                    contextlib.redirect_stdout(printed):
                code = validate.main(directory, log)
            with open(log) as file:
                told = file.read()
            self.assertEqual(printed.getvalue(), told + '\n')
            return code, [line.replace('spec.config["glance-api.conf"].', '') for line in told.split('\n')]

    def test_accepts_what_the_packages_know(self):
        written = {
            'DEFAULT': {'debug': 'yes', 'workers': '3', 'factor': '0.5', 'public_endpoint': ['a', 'b'], 'digest': 'sha1'},
            'DATABASE': {'connection': 'x'},
            'keystone_authtoken': {'auth_type': 'password', 'username': 'x'},
        }
        self.assertEqual(self.judged(written), (0, ['']))

    def test_judges_values_by_the_type_of_the_option(self):
        for name, value, problem in [
            ('debug', 'maybe', '"maybe" is not a boolean'),
            ('workers', 'two', '"two" is not an integer'),
            ('workers', '0', '"0" is refused: should be greater than or equal to 1'),
            ('factor', 'half', '"half" is not a number'),
            ('digest', 'md5', '"md5" is none of sha1, sha256'),
            ('workers', ['1', '2'], 'takes one value, not a list'),
        ]:
            with self.subTest(name=name, value=value):
                self.assertEqual(self.judged({'DEFAULT': {name: value}}), (3, [f'DEFAULT.{name}: {problem}']))

    def test_leaves_references_to_other_options_and_takes_a_doubled_sign_for_one(self):
        self.assertEqual(self.judged({'DEFAULT': {'workers': '$other', 'admin_password': 'a$$b'}}), (0, ['']))
        code, lines = self.judged({'DEFAULT': {'workers': '$$3'}})
        self.assertEqual((code, lines), (3, ['DEFAULT.workers: "$$3" is not an integer']))

    def test_shows_no_secret(self):
        for known, secrets in (('pin', ()), ('pin', ('pin',))):
            _, lines = self.judged({'database': {known: 'hunter2'}}, secrets=secrets)
            self.assertEqual(lines, ['database.pin: its value is not a valid integer value'])
        _, lines = self.judged({'DEFAULT': {'digest': 'hunter2'}}, secrets=('digest',))
        self.assertEqual(lines, ['DEFAULT.digest: its value is none of sha1, sha256'])

    def test_suggests_what_may_have_been_meant(self):
        for section, name, problem in [
            ('DEFAULT', 'debgu', 'DEFAULT.debgu: no such option; did you mean debug?'),
            ('DEFAULT', 'Admin-Password', 'DEFAULT.Admin-Password: no such option; did you mean admin_password?'),
            ('DEFAULT', 'pin', 'DEFAULT.pin: no such option; [database] has it'),
            ('DEFAULT', 'zzzzzz', 'DEFAULT.zzzzzz: no such option'),
            ('databas', 'connection', 'databas: no such section; did you mean database?'),
            ('elsewhere', 'workers', 'elsewhere: no such section; [DEFAULT] has workers'),
            ('elsewhere', 'zzzzzz', 'elsewhere: no such section'),
        ]:
            with self.subTest(section=section, name=name):
                self.assertEqual(self.judged({section: {name: 'x'}}), (3, [problem]))

    def test_remarks_names_that_are_old_or_will_go(self):
        code, lines = self.judged({'DEFAULT': {'sql_connection': 'x', 'old_limit': '1'}})
        self.assertEqual(code, 0)
        self.assertEqual(lines, [
            'DEFAULT.sql_connection is called [database] connection now',
            'DEFAULT.old_limit will go with a later release',
        ])

    def test_refuses_older_names_of_what_the_controller_owns(self):
        owned = {'database': {'connection': 'it comes from the claim'},
                 'keystone_authtoken': {'memcached_servers': 'they come from the cache'}}
        for section, name, problem in [
            ('DEFAULT', 'sql_connection',
             'DEFAULT.sql_connection: is called [database] connection now, which cannot be set: it comes from the claim'),
            ('keystone_authtoken', 'memcache_servers',
             'keystone_authtoken.memcache_servers: is called [keystone_authtoken] memcached_servers now, '
             'which cannot be set: they come from the cache'),
            ('database', 'connection', 'database.connection: cannot be set: it comes from the claim'),
        ]:
            with self.subTest(section=section, name=name):
                self.assertEqual(self.judged({section: {name: 'x'}}, owned=owned), (3, [problem]))

    def test_refuses_all_that_makes_a_login_of_the_controller_another_one(self):
        owned = {'keystone_authtoken': {'auth_type': 'it comes from the identity claim'}}
        for name, called in [
            ('username', ''), ('user_id', ''), ('user', 'is called [keystone_authtoken] user_id now, which '),
        ]:
            with self.subTest(name=name):
                self.assertEqual(self.judged({'keystone_authtoken': {name: 'x'}}, owned=owned), (
                    3, [f'keystone_authtoken.{name}: {called}cannot be set: it comes from the identity claim']))
        self.assertEqual(self.judged({'keystone_authtoken': {'user_id': 'x'}}), (0, ['']))

    def test_judges_nothing_else_where_only_what_is_owned_is_asked_about(self):
        owned = {'database': {'connection': 'it comes from the claim'},
                 'keystone_authtoken': {'auth_type': 'it comes from the identity claim'}}
        written = {'DEFAULT': {'workers': 'two', 'zzzzzz': 'x', 'old_limit': '1'}, 'vendor': {'made_up': '1'}}
        self.assertEqual(self.judged(written, owned=owned, ownedOnly=True), (0, ['']))
        written['DEFAULT']['sql_connection'] = 'x'
        written['keystone_authtoken'] = {'user': 'x'}
        self.assertEqual(self.judged(written, owned=owned, ownedOnly=True), (3, [
            'DEFAULT.sql_connection: is called [database] connection now, which cannot be set: it comes from the claim',
            'keystone_authtoken.user: is called [keystone_authtoken] user_id now, '
            'which cannot be set: it comes from the identity claim',
        ]))

    def test_passes_over_packages_that_cannot_be_asked_then_and_only_then(self):
        def broken(group, name):
            return [mock.Mock(load=mock.Mock(side_effect=ImportError('no driver')))]
        with mock.patch.dict(globals(), {'entry_points': broken}):
            self.assertEqual(self.judged({'vendor': {'made_up': '1'}}, ownedOnly=True), (0, ['']))
            with self.assertRaises(ImportError):
                self.judged({'vendor': {'made_up': '1'}})

    def test_knows_sections_that_an_option_names(self):
        named = {'sections': {'namedBy': 'DEFAULT.enabled_backends'}, 'options': ['weight']}
        stores = {'sections': {'namedBy': 'DEFAULT.enabled_backends'}, 'options': {'namespace': 'glance.store'}}
        for more in (named, stores):
            written = {'DEFAULT': {'enabled_backends': 'fast:rbd, slow:file'}, 'slow': {'weight': '1'}}
            self.assertEqual(self.judged(written, [more]), (0, ['']))
            written['other'] = written.pop('slow')
            self.assertEqual(self.judged(written, [more])[0], 3)

    def test_takes_the_options_of_the_auth_plugin_that_is_configured(self):
        code, lines = self.judged({'keystone_authtoken': {'auth_type': 'magic', 'username': 'x'}})
        self.assertEqual(code, 3)
        self.assertEqual(lines[0], 'keystone_authtoken.auth_type: no such plugin; there is password, token')

    def test_tells_so_many_problems_and_counts_the_rest(self):
        _, lines = self.judged({'DEFAULT': {f'unknown{one}': 'x' for one in range(11)}})
        self.assertEqual(len(lines), 9)
        self.assertEqual(lines[-1], 'and 3 more')

    def test_ends_the_same_where_there_is_no_termination_log(self):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, 'check.json'), 'w') as file:
                json.dump({}, file)
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(validate.main(directory, os.path.join(directory, 'none/termination-log')), 0)


if __name__ == '__main__':
    unittest.main()
