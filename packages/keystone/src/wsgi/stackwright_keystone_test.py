import os
import runpy
import sys
import threading
import types
import unittest
from unittest import mock

here = os.path.dirname(os.path.abspath(__file__))


class Middleware:
    """As Keystone's: one for all requests, with the token of the one that was read last."""

    def __init__(self):
        self.token = None

    def fetch_token(self, token):
        self.token = token

    def process(self, token, between):
        self.fetch_token(token)
        between()
        return self.token


class Threads(unittest.TestCase):
    def setUp(self):
        place = 'keystone.server.flask.request_processing.middleware'
        names = [place.rsplit('.', n)[0] for n in range(place.count('.'), -1, -1)] + ['keystone.wsgi', 'keystone.wsgi.api']
        modules = {name: types.ModuleType(name) for name in names}
        # A class of its own for each test: what is loaded changes it.
        middleware = type('AuthContextMiddleware', (Middleware,), {})
        modules[place].auth_context = types.SimpleNamespace(AuthContextMiddleware=middleware)
        modules['keystone.wsgi.api'].application = object()
        with mock.patch.dict(sys.modules, modules):
            loaded = runpy.run_path(os.path.join(here, 'stackwright_keystone.py'))
        self.assertIs(loaded['application'], modules['keystone.wsgi.api'].application)
        self.middleware = middleware()

    def elsewhere(self, work):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    def test_a_request_keeps_its_token_while_another_one_is_read(self):
        self.assertEqual(
            self.middleware.process("a member's", lambda: self.elsewhere(lambda: self.middleware.fetch_token("an administrator's"))),
            "a member's",
        )

    def test_a_thread_has_none_of_another_one(self):
        self.middleware.fetch_token("an administrator's")
        seen = []
        self.elsewhere(lambda: seen.append(self.middleware.token))
        self.assertEqual(seen, [None])

    def test_a_request_after_another_one_in_the_same_thread_has_its_own(self):
        self.middleware.fetch_token("an administrator's")
        self.assertEqual(self.middleware.process("a member's", lambda: None), "a member's")


if __name__ == '__main__':
    unittest.main()
