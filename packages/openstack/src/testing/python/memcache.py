"""As much of python-memcached as sitecustomize.py has to do with: flags, pickles, and a server that anybody can write to."""
import io
import pickle

PICKLE = 1
server = {}


class Client:
    def __init__(self, servers, debug=0, pickleProtocol=0, pickler=pickle.Pickler, unpickler=pickle.Unpickler):
        self.unpickler = unpickler

    @staticmethod
    def _name(key, prefix=''):
        return prefix + (key[1] if isinstance(key, tuple) else key)

    def set(self, key, val, time=0):
        server[self._name(key)] = (0, val) if type(val) is bytes else (PICKLE, pickle.dumps(val))
        return True

    add = replace = cas = set

    def set_multi(self, mapping, time=0, key_prefix=''):
        for key, val in mapping.items():
            self.set(self._name(key, key_prefix), val)
        return []

    def get(self, key, default=None):
        flags, value = server.get(self._name(key), (0, default))
        if not flags & PICKLE:
            return value
        try:
            return self.unpickler(io.BytesIO(value)).load()
        except ValueError:
            return None

    gets = get

    def get_multi(self, keys, key_prefix=''):
        names = {key: self._name(key, key_prefix) for key in keys}
        return {key: self.get(name) for key, name in names.items() if name in server}
