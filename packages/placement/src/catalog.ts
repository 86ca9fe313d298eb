import { apiNamespaces, defineCatalog } from '@stackwright/openstack';

export const catalog = defineCatalog({
  service: 'placement',
  user: { uid: 64111, gid: 64111 },
  releases: {
    '2025.1': {
      image: 'placement',
      tag: '2025.1',
      commands: { dbSync: ['placement-manage', 'db', 'sync'] },
      wsgi: { api: 'placement.wsgi.api:application' },
      configNamespaces: { 'placement.conf': ['placement.conf', 'keystonemiddleware.auth_token', ...apiNamespaces] },
    },
  },
});
