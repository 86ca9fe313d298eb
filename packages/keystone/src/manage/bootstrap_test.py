import os
import sys
import tempfile
import types
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bootstrap


class Users:
    def __init__(self):
        self.user = {'id': 'u1', 'options': {'kept': True, 'ignore_password_expiry': False}}
        self.asked = []

    def get_user_by_name(self, name, domain):
        self.asked.append((name, domain))
        return self.user

    def update_user(self, id, fields):
        self.asked.append((id, fields))


def keystone(users, run):
    """The modules of keystone that the program imports."""
    modules = {name: types.ModuleType(name) for name in (
        'keystone', 'keystone.cmd', 'keystone.cmd.manage', 'keystone.common', 'keystone.common.provider_api',
        'keystone.conf')}
    modules['keystone.cmd.manage'].main = run
    modules['keystone.common.provider_api'].ProviderAPIs = mock.Mock(identity_api=users)
    modules['keystone.conf'].CONF = mock.Mock(**{
        'identity.default_domain_id': 'default',
        'cache.memcache_servers': ['m-0.m.ns.svc:11211', 'inet6[fd00::1]:11212'],
    })
    return mock.patch.dict(sys.modules, modules)


class Bootstrap(unittest.TestCase):
    def setUp(self):
        patch = mock.patch('socket.create_connection')
        self.connect = patch.start()
        self.addCleanup(patch.stop)

    def run_with(self, run, users):
        with tempfile.NamedTemporaryFile('w', suffix='password') as file:
            file.write("it's secret\n")
            file.flush()
            words = ['bootstrap', '--bootstrap-username', 'admin', '--bootstrap-region-id', 'R']
            argv = ['-c', '{"ignore_password_expiry": true}', file.name, *words]
            with mock.patch.object(sys, 'argv', argv), mock.patch.dict(os.environ), keystone(users, run):
                bootstrap.main()
        return words

    def test_hands_over_the_password_inside_the_process(self):
        seen = []
        words = self.run_with(lambda: seen.append((list(sys.argv), os.environ['OS_BOOTSTRAP_PASSWORD'])), Users())
        self.assertEqual(seen, [(['-c', *words], "it's secret\n")])
        self.assertNotIn('OS_BOOTSTRAP_PASSWORD', os.environ)

    def test_excepts_the_administrator_and_leaves_other_options(self):
        users = Users()
        self.run_with(lambda: None, users)
        options = {'kept': True, 'ignore_password_expiry': True}
        self.assertEqual(users.asked, [('admin', 'default'), ('u1', {'options': options})])

    def test_believes_no_cache_and_empties_it_at_the_end(self):
        seen = []
        self.run_with(lambda: seen.append((os.environ['OS_CACHE__ENABLED'], self.connect.called)), Users())
        self.assertEqual(seen, [('false', False)])
        asked = [call.args[0] for call in self.connect.call_args_list]
        self.assertEqual(asked, [('m-0.m.ns.svc', 11211), ('fd00::1', 11212)])
        connection = self.connect.return_value.__enter__.return_value
        self.assertEqual(connection.sendall.call_args_list, [mock.call(b'flush_all\r\n')] * 2)

    def test_is_done_where_a_cache_is_away(self):
        self.connect.side_effect = ConnectionRefusedError('refused')
        with mock.patch('sys.stderr') as stderr:
            self.run_with(lambda: None, Users())
        self.assertIn('keeps for some minutes', str(stderr.write.call_args_list))

    def test_ends_as_keystone_does_and_changes_no_user_then(self):
        users = Users()
        with self.assertRaises(SystemExit) as end:
            self.run_with(lambda: sys.exit(1), users)
        self.assertEqual((end.exception.code, users.asked), (1, []))


if __name__ == '__main__':
    unittest.main()
