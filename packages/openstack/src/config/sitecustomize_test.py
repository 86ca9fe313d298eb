"""What sitecustomize.py makes of a memcached that anybody can write to: `python3 -m unittest`, or by vitest (programs.test.ts)."""
import os
import pickle
import runpy
import shutil
import sys
import tempfile
import unittest
from unittest import mock

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, '../testing/python'))
import memcache

ran = []


class Evil:
    def __reduce__(self):
        return (ran.append, ('a command',))


def client_with(key, directory):
    """The client of a process that has this key."""
    plain = memcache.Client
    program = shutil.copy(os.path.join(here, 'sitecustomize.py'), directory)
    with open(os.path.join(directory, 'key'), 'w') as file:
        file.write(key)
    try:
        runpy.run_path(program)
        return memcache.Client(['memcached:11211'])
    finally:
        memcache.Client = plain


class Sealing(unittest.TestCase):
    def setUp(self):
        memcache.server.clear()
        ran.clear()
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name
        self.client = client_with('ours', self.directory)

    def test_values_come_back_as_they_were(self):
        for value in ({'roles': ['admin']}, 'text', b'bytes', 7, None, ('a', 1.5)):
            self.client.set('key', value)
            self.assertEqual(self.client.get('key'), value)
        self.client.set_multi({'a': 1, 'b': [2]}, key_prefix='x')
        self.assertEqual(self.client.get_multi(['a', 'b', 'c'], key_prefix='x'), {'a': 1, 'b': [2]})
        self.client.set((0, 'hashed'), 'value')
        self.assertEqual(self.client.get('hashed'), 'value')

    def test_a_foreign_pickle_is_never_run(self):
        for flags in (memcache.PICKLE, 0):
            memcache.server['key'] = (flags, pickle.dumps(Evil()))
            self.assertIsNone(self.client.get('key'))
            self.assertIsNone(self.client.gets('key'))
            self.assertEqual(self.client.get_multi(['key']), {})
            self.assertEqual(self.client.get('key', 'missing'), 'missing')
        self.assertEqual(ran, [])

    def test_nor_one_in_a_seal_of_somebody_else(self):
        other = client_with('theirs', self.directory)
        other.set('key', Evil())
        ran.clear()
        self.assertIsNone(self.client.get('key'))
        self.assertEqual(ran, [])

    def test_a_value_holds_under_its_own_name_only(self):
        self.client.set('roles of admin', ['admin'])
        memcache.server['roles of mallory'] = memcache.server['roles of admin']
        self.assertIsNone(self.client.get('roles of mallory'))

    def test_nor_is_a_changed_or_cut_value_taken(self):
        self.client.set('key', 'value')
        flags, sealed = memcache.server['key']
        for broken in (sealed[:-1], sealed + b'x', sealed[:20], b'', sealed[:-1] + b'\0'):
            memcache.server['key'] = (flags, broken)
            self.assertIsNone(self.client.get('key'))

    def test_a_value_holds_until_its_time_only_whatever_memcached_keeps(self):
        begin = 1_700_000_000
        moment = begin + 40 * 24 * 60 * 60
        with mock.patch('time.time', return_value=begin):
            self.client.set('for ever', 'a')
            self.client.set('a minute', 'b', 60)
            self.client.set('a moment', 'c', time=moment)
            self.client.set_multi({'many': 'd'}, time=60)
        for now, there in ((begin + 59, 'abcd'), (begin + 60, 'ac'), (moment - 1, 'ac'), (moment, 'a')):
            with mock.patch('time.time', return_value=now):
                found = [self.client.get(key) for key in ('for ever', 'a minute', 'a moment')]
                found.append(self.client.get_multi(['many']).get('many'))
                self.assertEqual(''.join(value or '' for value in found), there)

    def test_without_a_key_the_process_does_not_start(self):
        with self.assertRaisesRegex(SystemExit, 'cannot be sealed: .*key is empty'):
            client_with('', self.directory)
        os.remove(os.path.join(self.directory, 'key'))
        with self.assertRaisesRegex(SystemExit, 'cannot be sealed: .*No such file'):
            runpy.run_path(os.path.join(self.directory, 'sitecustomize.py'))
        self.assertEqual(memcache.Client.__module__, 'memcache')

    def test_an_image_without_the_client_has_nothing_to_seal(self):
        with mock.patch.dict(sys.modules, {'memcache': None}):
            runpy.run_path(os.path.join(self.directory, 'sitecustomize.py'))


if __name__ == '__main__':
    unittest.main()
