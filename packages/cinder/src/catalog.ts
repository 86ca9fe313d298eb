import { apiNamespaces, defineCatalog, type ReleaseFacts } from '@stackwright/openstack';

const epoxy: ReleaseFacts = {
  image: 'cinder',
  tag: '2025.1',
  wsgi: { api: 'cinder.wsgi.api:application' },
  configNamespaces: {
    'cinder.conf': [
      'cinder',
      'castellan.config',
      'keystonemiddleware.auth_token',
      'os_brick',
      'osprofiler',
      'oslo.concurrency',
      'oslo.db',
      'oslo.messaging',
      'oslo.privsep',
      'oslo.reports',
      'oslo.service.periodic_task',
      'oslo.service.service',
      'oslo.service.sslutils',
      'oslo.service.wsgi',
      ...apiNamespaces,
    ],
  },
  dynamicOptions: {
    // Each backend has a section of its own, with the options of its driver.
    'cinder.conf': [{ sections: { namedBy: 'DEFAULT.enabled_backends' }, options: { namespace: 'cinder' } }],
  },
  commands: {
    dbSync: ['cinder-manage', 'db', 'sync'],
    scheduler: ['cinder-scheduler'],
    volume: ['cinder-volume'],
  },
};

export const catalog = defineCatalog({
  service: 'cinder',
  user: { uid: 64061, gid: 64061 },
  releases: { '2025.1': epoxy },
});
