import { defineCatalog } from '@stackwright/openstack';

export const catalog = defineCatalog({
  service: 'keystone',
  user: { uid: 64110, gid: 64110 },
  releases: {
    '2025.1': {
      image: 'keystone',
      tag: '2025.1',
      commands: { dbSync: ['keystone-manage', 'db_sync'] },
      wsgi: { api: 'keystone.wsgi.api:application' },
    },
  },
});
