"""The WSGI application that uwsgi loads: the one that the file `application` beside this one names.

As "module:callable", or "module:factory()".

An application that ends itself while it is loaded would be started again and again within one container, without a sign to
the outside. As an error it ends the container, with the cause at the end of its log.
"""
import importlib
import os
import signal
import time

try:
    import uwsgi
except ImportError:  # in tests
    uwsgi = None

try:
    from stackwright_liveness import begin_to_beat
except ImportError:  # in tests
    begin_to_beat = None

# A worker that is told to end before it serves has nothing to finish, and uwsgi tells it only once. Later uwsgi's own handler
# counts.
signal.signal(signal.SIGHUP, lambda *_: os._exit(0))

# Also while the application is loaded, which takes what it takes.
if begin_to_beat:
    begin_to_beat()


def seconds(option, default):
    given = uwsgi.opt.get(option, default)
    return float(given[-1] if isinstance(given, list) else given)


def refuse_large_chunks():
    """Of a body that is sent in chunks: one that is larger than uwsgi takes is the client's matter, and no fault of ours.

    uwsgi tells it by the same error as a client that is gone, who hears no answer, and one that sends nothing for too long.
    """
    read = uwsgi.chunked_read
    # What uwsgi has by default.
    patience = seconds('socket-timeout', 4)

    def chunked_read(*args):
        begun = time.monotonic()
        try:
            return read(*args)
        except OSError as error:
            if time.monotonic() - begun >= patience:
                raise
            try:
                from webob.exc import HTTPRequestEntityTooLarge
            except ImportError:
                raise error
            raise HTTPRequestEntityTooLarge('a chunk of the body is larger than what is taken at once; send smaller ones')

    uwsgi.chunked_read = chunked_read


if uwsgi:
    refuse_large_chunks()


def load(name):
    module, _, attribute = name.partition(':')
    try:
        found = getattr(importlib.import_module(module), attribute.removesuffix('()'))
        return found() if attribute.endswith('()') else found
    except SystemExit as error:
        raise RuntimeError(f'the application ended while it was loaded: {error}') from error


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'application')) as file:
    application = load(file.read().strip())
