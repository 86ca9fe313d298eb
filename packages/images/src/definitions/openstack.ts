import type { ImageDefinition } from '../definition.js';

/** What nearly every OpenStack service needs, once on disk instead of once per service. */
export const openstackBase: ImageDefinition = {
  name: 'openstack-base',
  tag: '2025.1',
  description: 'Python, uwsgi, the oslo libraries and the OpenStack client',
  from: { image: 'base:trixie' },
  packages: [
    'uwsgi-core',
    'uwsgi-plugin-python3',
    // Drivers that the services' packages only recommend.
    'python3-memcache',
    'python3-pymemcache',
    'python3-pymysql',
    'python3-keystonemiddleware',
    'python3-oslo.db',
    'python3-oslo.messaging',
    'python3-oslo.policy',
    'python3-openstackclient',
    'python3-osc-placement',
  ],
  megabytes: 350,
  internal: true,
};

export const keystone: ImageDefinition = {
  name: 'keystone',
  tag: '2025.1',
  description: 'Keystone 27 and the OpenStack client',
  from: { image: 'openstack-base:2025.1' },
  accounts: ['keystone'],
  packages: ['keystone'],
  // Keys belong to a deployment, never to an image.
  after: ['rm -rf /etc/keystone/fernet-keys /etc/keystone/credential-keys /var/lib/keystone/*.db'],
  user: 'keystone',
  megabytes: 150,
};

export const placement: ImageDefinition = {
  name: 'placement',
  tag: '2025.1',
  description: 'Placement 13',
  from: { image: 'openstack-base:2025.1' },
  accounts: ['placement'],
  packages: ['placement-api'],
  user: 'placement',
  megabytes: 20,
};

export const glance: ImageDefinition = {
  name: 'glance',
  tag: '2025.1',
  description: 'Glance 30',
  from: { image: 'openstack-base:2025.1' },
  accounts: ['glance'],
  packages: ['glance-api'],
  // Images belong to a volume, whose mount point must be there and the service's own.
  after: ['rm -rf /var/lib/glance', 'install --directory --owner=glance --group=glance --mode=0750 /var/lib/glance'],
  user: 'glance',
  megabytes: 330,
};

export const cinder: ImageDefinition = {
  name: 'cinder',
  tag: '2025.1',
  description: 'Cinder 26: API, scheduler, and volumes',
  from: { image: 'openstack-base:2025.1' },
  accounts: ['cinder'],
  packages: ['cinder-api', 'cinder-scheduler', 'cinder-volume', 'nfs-common', 'python3-cinderclient'],
  // What is in it belongs to Pods and their volumes.
  after: [
    'rm -rf /var/lib/cinder',
    'install --directory --owner=cinder --group=cinder --mode=0750 /var/lib/cinder',
    // Nobody becomes root in its Pods, nor has to: all files are its own. What Cinder would do by sudo, it does as itself.
    String.raw`printf '#!/bin/sh\nexec "$@"\n' > /usr/local/bin/sudo && chmod 0755 /usr/local/bin/sudo`,
  ],
  user: 'cinder',
  megabytes: 475,
};
