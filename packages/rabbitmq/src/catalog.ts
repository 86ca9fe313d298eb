import { defineCatalog } from '@stackwright/openstack';

export const catalog = defineCatalog({
  service: 'rabbitmq',
  user: { uid: 64102, gid: 64102 },
  releases: {
    '4.0': { image: 'rabbitmq', tag: '4.0', commands: {} },
  },
});

/** What is run where the object does not name an image. */
export const currentVersion = '4.0';
