import { apiNamespaces, defineCatalog, type ReleaseFacts } from '@stackwright/openstack';

/** Options of the stores, whichever they are. */
const storeOptions = { namespace: 'glance.multi_store' };
/** Each store has a section of its own, with the name that it is given there. */
const stores = { namedBy: 'DEFAULT.enabled_backends' };
const ownStores = ['os_glance_staging_store', 'os_glance_tasks_store'];

const epoxy: ReleaseFacts = {
  image: 'glance',
  tag: '2025.1',
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
  dynamicOptions: {
    'glance-api.conf': [
      { sections: stores, options: storeOptions },
      { sections: stores, options: ['store_description', 'weight'] },
      { sections: ownStores, options: storeOptions },
      { sections: ['glance_store'], options: ['default_backend'] },
    ],
  },
  commands: {
    dbSync: ['glance-manage', 'db_sync'],
    loadMetadefs: ['glance-manage', 'db_load_metadefs'],
  },
};

export const catalog = defineCatalog({
  service: 'glance',
  user: { uid: 64062, gid: 64062 },
  releases: { '2025.1': epoxy },
});
