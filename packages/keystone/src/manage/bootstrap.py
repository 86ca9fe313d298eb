"""`keystone-manage bootstrap` with the password from a file, and a user who is excepted from the rules for people.

Arguments: the user's options in JSON, the file of the password, then the command line of keystone-manage.
"""
import json
import os
import socket
import sys


def forget(servers):
    """Empties the cache: what it holds may be of a database that was lost, and is not what the database says now."""
    for server in servers:
        host, _, port = server.removeprefix('inet6').rpartition(':')
        try:
            with socket.create_connection((host.strip('[]'), int(port)), timeout=5) as connection:
                connection.sendall(b'flush_all\r\n')
                connection.recv(64)
        except OSError as error:
            print(f'{server} keeps for some minutes what it has cached: {error}', file=sys.stderr)


def main():
    options = json.loads(sys.argv.pop(1))
    with open(sys.argv.pop(1)) as file:
        # What is set after the start is not in /proc/<pid>/environ.
        os.environ['OS_BOOTSTRAP_PASSWORD'] = file.read()
    # It would take for there what was there in another database.
    os.environ['OS_CACHE__ENABLED'] = 'false'
    name = sys.argv[sys.argv.index('--bootstrap-username') + 1]

    from keystone.cmd.manage import main as manage
    manage()

    # There is no command for options; what the one above has loaded has.
    from keystone.common.provider_api import ProviderAPIs
    from keystone.conf import CONF
    users = ProviderAPIs.identity_api
    user = users.get_user_by_name(name, CONF.identity.default_domain_id)
    users.update_user(user['id'], {'options': {**user['options'], **options}})
    forget(CONF.cache.memcache_servers)


if __name__ == '__main__':
    main()
