import { defineCatalog } from '@stackwright/openstack';

export const catalog = defineCatalog({
  service: 'memcached',
  user: { uid: 64101, gid: 64101 },
  releases: {
    '1.6': { image: 'memcached', tag: '1.6', commands: {} },
  },
});

/** What is run where the object does not name an image. */
export const currentVersion = '1.6';
