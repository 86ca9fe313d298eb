import { apiNamespaces, defineCatalog } from '@stackwright/openstack';

const stores = { namedBy: 'DEFAULT.enabled_backends' };
const ownStores = ['os_glance_staging_store', 'os_glance_tasks_store'];

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
      configNamespaces: {
        'glance-api.conf': [
          'glance',
          'glance.api',
          'glance.cache',
          'glance.manage',
          'glance.store',
          'castellan.config',
          'keystonemiddleware.auth_token',
          'os_brick',
          'oslo.cache',
          'oslo.concurrency',
          'oslo.db',
          'oslo.limit',
          'oslo.messaging',
          'oslo.privsep',
          'oslo.reports',
          ...apiNamespaces,
        ],
      },
      // Each store has a section of its own, with the name that it is given there.
      dynamicOptions: {
        'glance-api.conf': [
          { sections: stores, options: { namespace: 'glance.multi_store' } },
          { sections: stores, options: ['store_description', 'weight'] },
          { sections: ownStores, options: { namespace: 'glance.multi_store' } },
          { sections: ['glance_store'], options: ['default_backend'] },
        ],
      },
    },
  },
});
