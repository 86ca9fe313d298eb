"""Seals what python-memcached keeps, in every Python process that has this directory in PYTHONPATH.

The client takes what a memcached says is a pickle, and runs it: whoever can write to the memcached, or answer in its place,
runs what he likes in the services. With this, values go out with a code that only who has the key beside this file can make,
over the name they are stored by, the time that they hold until and the value; what comes back without it, or later, is taken for
missing, and is never unpickled.
"""
import hashlib
import hmac
import os
import pickle
import struct
import time as clock

try:
    import memcache
except ImportError:
    # An image without the client has nothing to seal.
    memcache = None

mark = b'sealed2:'
size = hashlib.sha256().digest_size
# Seconds since 1970; 0 is for ever.
until = struct.Struct('>d')
# Seconds: memcached takes longer times for moments.
longest_span = 30 * 24 * 60 * 60


def read_key():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'key')
    try:
        with open(path, 'rb') as file:
            key = file.read().strip()
    except OSError as error:
        key = b''
        why = str(error)
    else:
        why = f'{path} is empty'
    if not key:
        # Python goes on after any other error here, and then nothing would be sealed.
        raise SystemExit(f'values in memcached cannot be sealed: {why}')
    return key


def name_of(key, prefix=''):
    """As it is stored: keys may come with the number of a server."""
    key = key[1] if isinstance(key, tuple) else key
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in (prefix, key)]
    return b''.join(parts)


def deadline_of(time):
    """As memcached reads it, which may keep a value for longer: from then on it is not believed."""
    if not time:
        return 0.0
    return clock.time() + time if time <= longest_span else float(time)


class Nothing:
    """In the place of an unpickler: a value that is sealed comes as plain bytes."""

    def __init__(self, *_args, **_kwargs):
        pass

    def load(self):
        raise ValueError('the value is not sealed')


def sealing(client, secret):
    """A class of clients like this one, which seals what it stores and believes in nothing else."""

    def code(name, payload):
        # The length keeps name and value apart.
        return hmac.new(secret, b'%d:%s%s' % (len(name), name, payload), hashlib.sha256).digest()

    def seal(name, value, time=0):
        payload = until.pack(deadline_of(time)) + pickle.dumps(value, protocol=4)
        return mark + code(name, payload) + payload

    def unseal(name, value, default=None):
        if type(value) is not bytes or not value.startswith(mark):
            return default
        given, payload = value[len(mark):len(mark) + size], value[len(mark) + size:]
        if not hmac.compare_digest(given, code(name, payload)):
            return default
        (deadline,) = until.unpack_from(payload)
        if deadline and clock.time() >= deadline:
            return default
        return pickle.loads(payload[until.size:])

    class Client(client):
        def __init__(self, servers, *args, **kwargs):
            super().__init__(servers, *args, **kwargs)
            self.unpickler = Nothing

        def set(self, key, val, time=0, *args, **kwargs):
            return super().set(key, seal(name_of(key), val, time), time, *args, **kwargs)

        def add(self, key, val, time=0, *args, **kwargs):
            return super().add(key, seal(name_of(key), val, time), time, *args, **kwargs)

        def replace(self, key, val, time=0, *args, **kwargs):
            return super().replace(key, seal(name_of(key), val, time), time, *args, **kwargs)

        def cas(self, key, val, time=0, *args, **kwargs):
            return super().cas(key, seal(name_of(key), val, time), time, *args, **kwargs)

        def set_multi(self, mapping, time=0, key_prefix='', *args, **kwargs):
            sealed = {key: seal(name_of(key, key_prefix), val, time) for key, val in mapping.items()}
            return super().set_multi(sealed, time, key_prefix, *args, **kwargs)

        def get(self, key, default=None):
            return unseal(name_of(key), super().get(key), default)

        def gets(self, key, *args, **kwargs):
            return unseal(name_of(key), super().gets(key, *args, **kwargs))

        def get_multi(self, keys, key_prefix='', *args, **kwargs):
            found = super().get_multi(keys, key_prefix, *args, **kwargs)
            values = {key: unseal(name_of(key, key_prefix), value) for key, value in found.items()}
            return {key: value for key, value in values.items() if value is not None}

    Client.__name__ = client.__name__
    return Client


if memcache is not None:
    memcache.Client = sealing(memcache.Client, read_key())
