import http.client
import os
import sys
import tempfile
import threading
import unittest
from unittest import mock

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
import stackwright_liveness as liveness


class Liveness(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        for name, value in (('directory', directory.name), ('uwsgi', mock.Mock())):
            patch = mock.patch.object(liveness, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        liveness.uwsgi.workers.return_value = [{'id': 1, 'pid': 11}, {'id': 2, 'pid': 12}]

    def answer(self):
        server = liveness.Server(('', 0), liveness.Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            client = http.client.HTTPConnection('127.0.0.1', server.server_address[1], timeout=10)
            client.request('GET', '/')
            response = client.getresponse()
            return response.status, response.read().decode()
        finally:
            client.close()
            server.shutdown()
            thread.join()
            server.server_close()

    def was_heard(self, worker, ago):
        liveness.beat(worker)
        path = liveness.beat_file(worker)
        then = os.stat(path).st_mtime - ago
        os.utime(path, (then, then))

    def test_workers_that_beat_live(self):
        liveness.beat(1)
        liveness.beat(2)
        self.assertEqual(self.answer(), (200, 'ok\n'))

    def test_a_worker_whose_beats_have_stopped_is_stuck(self):
        liveness.beat(1)
        self.was_heard(2, 90)
        self.assertEqual(self.answer(), (503, 'worker 2 is stuck for 90 s\n'))

    def test_one_that_has_not_begun_or_is_being_replaced_is_not(self):
        self.was_heard(2, 90)
        liveness.uwsgi.workers.return_value = [{'id': 1, 'pid': 11}, {'id': 2, 'pid': 0}]
        self.assertEqual(self.answer(), (200, 'ok\n'))

    def test_a_client_that_says_nothing_keeps_nobody_from_being_answered(self):
        server = liveness.Server(('', 0), liveness.Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        silent = http.client.HTTPConnection('127.0.0.1', server.server_address[1], timeout=10)
        asking = http.client.HTTPConnection('127.0.0.1', server.server_address[1], timeout=10)
        try:
            silent.connect()
            asking.request('GET', '/')
            self.assertEqual(asking.getresponse().status, 200)
        finally:
            silent.close()
            asking.close()
            server.shutdown()
            thread.join()
            server.server_close()


if __name__ == '__main__':
    unittest.main()
