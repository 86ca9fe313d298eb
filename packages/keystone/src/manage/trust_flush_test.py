import datetime
import os
import sys
import types
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import trust_flush


class TrustFlush(unittest.TestCase):
    def test_counts_the_days_back_from_today(self):
        seen = []
        names = ('keystone', 'keystone.cmd', 'keystone.cmd.manage')
        modules = {name: types.ModuleType(name) for name in names}
        modules['keystone.cmd.manage'].main = lambda: seen.append(list(sys.argv))
        now = datetime.datetime(2025, 3, 1, 0, 30, tzinfo=datetime.timezone.utc)
        clock = mock.Mock(wraps=datetime.datetime, **{'now.return_value': now})
        with mock.patch.dict(sys.modules, modules), mock.patch.object(sys, 'argv', ['-c', '30']), \
                mock.patch.object(trust_flush.datetime, 'datetime', clock):
            trust_flush.main()
        self.assertEqual(seen, [['-c', 'trust_flush', '--date', '30-01-2025']])
        clock.now.assert_called_once_with(datetime.timezone.utc)


if __name__ == '__main__':
    unittest.main()
