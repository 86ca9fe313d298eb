"""Keystone's WSGI application, fit for processes that have several threads.

The middleware that reads who calls keeps the caller's token in itself, and there is one middleware for all threads: between the
moment at which a request puts its token there and the one at which it takes it out again, another request may have put another
one there. The first is then answered as if it had the roles, the trust and the scope of the second. With this, each thread has
that attribute for itself.
"""
import threading

from keystone.server.flask.request_processing.middleware import auth_context


class PerThread:
    """An attribute that has in each thread what that thread put there; None before."""

    def __init__(self):
        self.values = threading.local()

    def __get__(self, instance, _owner=None):
        return self if instance is None else getattr(self.values, 'value', None)

    def __set__(self, _instance, value):
        self.values.value = value


auth_context.AuthContextMiddleware.token = PerThread()

# After that: the application makes its middleware when it is imported.
from keystone.wsgi.api import application  # noqa: E402, F401
