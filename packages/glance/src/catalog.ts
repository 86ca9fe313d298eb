import { defineCatalog } from '@stackwright/openstack';

export const catalog = defineCatalog({
  service: 'glance',
  user: { uid: 64062, gid: 64062 },
  releases: {
    '2025.1': {
      image: 'glance',
      tag: '2025.1',
      commands: {
        dbSync: ['glance-manage', 'db_sync'],
        loadMetadefs: ['glance-manage', 'db_load_metadefs'],
      },
      wsgi: { api: 'glance.common.wsgi_app:init_app()' },
    },
  },
});
