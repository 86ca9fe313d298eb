import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

here = os.path.dirname(os.path.abspath(__file__))


def end():
    sys.exit('no configuration')


class Application(unittest.TestCase):
    def setUp(self):
        before = signal.getsignal(signal.SIGHUP)
        self.addCleanup(signal.signal, signal.SIGHUP, before)

    def loaded(self, name, **attributes):
        module = types.ModuleType('sample.wsgi')
        vars(module).update(attributes)
        with tempfile.TemporaryDirectory() as directory, \
                mock.patch.dict(sys.modules, {'sample': types.ModuleType('sample'), 'sample.wsgi': module}):
            program = shutil.copy(os.path.join(here, 'stackwright_application.py'), directory)
            with open(os.path.join(directory, 'application'), 'w') as file:
                file.write(name)
            return runpy.run_path(program)['application']

    def test_is_what_the_module_has(self):
        application = object()
        self.assertIs(self.loaded('sample.wsgi:application', application=application), application)

    def test_or_what_its_factory_makes(self):
        application = object()
        self.assertIs(self.loaded('sample.wsgi:init_app()', init_app=lambda: application), application)

    def test_that_ends_itself_is_an_error(self):
        with self.assertRaisesRegex(RuntimeError, 'the application ended while it was loaded: no configuration'):
            self.loaded('sample.wsgi:init_app()', init_app=end)

    def test_that_cannot_be_loaded_says_why(self):
        with self.assertRaisesRegex(AttributeError, 'missing'):
            self.loaded('sample.wsgi:missing')

    def reading(self, read, times=(0, 1)):
        """What a service hears that reads the next chunk."""
        class TooLarge(Exception):
            pass
        uwsgi = types.ModuleType('uwsgi')
        uwsgi.opt, uwsgi.chunked_read = {'socket-timeout': b'60'}, read
        liveness = types.ModuleType('stackwright_liveness')
        liveness.begin_to_beat = None
        webob, exc = types.ModuleType('webob'), types.ModuleType('webob.exc')
        exc.HTTPRequestEntityTooLarge = TooLarge
        with mock.patch.dict(sys.modules, {'uwsgi': uwsgi, 'stackwright_liveness': liveness, 'webob': webob, 'webob.exc': exc}), \
                mock.patch('time.monotonic', side_effect=times):
            self.loaded('sample.wsgi:application', application=None)
            try:
                return uwsgi.chunked_read()
            except TooLarge as error:
                return f'413 {error}'
            except OSError as error:
                return f'500 {error}'

    def test_a_chunk_that_is_too_large_is_the_clients_matter(self):
        def refuses():
            raise OSError('unable to receive chunked part')
        self.assertEqual(self.reading(lambda: b'data'), b'data')
        self.assertRegex(self.reading(refuses), '^413 a chunk of the body is larger')
        self.assertEqual(self.reading(refuses, times=(0, 60)), '500 unable to receive chunked part')

    def test_a_worker_that_is_told_to_end_while_it_loads_ends(self):
        module = 'import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\nraise RuntimeError("still there")\n'
        with tempfile.TemporaryDirectory() as directory:
            program = shutil.copy(os.path.join(here, 'stackwright_application.py'), directory)
            for name, text in (('application', 'sample_wsgi:application'), ('sample_wsgi.py', module)):
                with open(os.path.join(directory, name), 'w') as file:
                    file.write(text)
            self.assertEqual(subprocess.run([sys.executable, '-B', program]).returncode, 0)


if __name__ == '__main__':
    unittest.main()
