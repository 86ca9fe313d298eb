import { apiNamespaces, defineCatalog } from '@stackwright/openstack';

export const catalog = defineCatalog({
  service: 'keystone',
  user: { uid: 64110, gid: 64110 },
  releases: {
    '2025.1': {
      image: 'keystone',
      tag: '2025.1',
      commands: {
        dbSync: ['keystone-manage', 'db_sync'],
        credentialMigrate: ['keystone-manage', 'credential_migrate'],
      },
      wsgi: { api: 'stackwright_keystone:application' },
      configNamespaces: {
        'keystone.conf': ['keystone', 'oslo.cache', 'oslo.db', 'oslo.messaging', 'osprofiler', ...apiNamespaces],
      },
      dynamicOptions: {
        'keystone.conf': [
          // Protocols of federation are methods, and have a section of their own.
          { sections: { namedBy: 'auth.methods' }, options: ['remote_id_attribute'] },
          { sections: ['auth'], options: { namedBy: 'auth.methods' } },
        ],
      },
    },
  },
});
