import type { ImageDefinition } from '../definition.js';

export const mariadb: ImageDefinition = {
  name: 'mariadb',
  tag: '11.8',
  description: 'MariaDB server and client',
  from: { image: 'base:trixie' },
  accounts: ['mysql'],
  packages: ['mariadb-server'],
  // The package initialises a data directory; a new volume must start empty, and the image is 130 MB smaller.
  after: [
    'rm -rf /var/lib/mysql',
    'install --directory --owner=mysql --group=mysql --mode=0750 /var/lib/mysql /run/mysqld',
  ],
  user: 'mysql',
  command: ['mariadbd'],
  megabytes: 450,
};

export const memcached: ImageDefinition = {
  name: 'memcached',
  tag: '1.6',
  description: 'memcached',
  from: { image: 'base:trixie' },
  accounts: ['memcache'],
  packages: ['memcached'],
  user: 'memcache',
  command: ['memcached'],
  megabytes: 20,
};

export const rabbitmq: ImageDefinition = {
  name: 'rabbitmq',
  tag: '4.0',
  description: 'RabbitMQ with its management plugin, on Erlang',
  from: { image: 'base:trixie' },
  accounts: ['rabbitmq'],
  packages: ['rabbitmq-server'],
  // A cookie lets into every broker that has it: it belongs to a deployment, never to an image.
  after: [
    'rm -rf /var/lib/rabbitmq',
    'install --directory --owner=rabbitmq --group=rabbitmq --mode=0750 /var/lib/rabbitmq',
  ],
  user: 'rabbitmq',
  // Not /usr/sbin/rabbitmq-server, which is for an init system: it changes users and writes its output to files.
  command: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
  megabytes: 300,
};
