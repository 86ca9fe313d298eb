import { defineCatalog } from '@stackwright/openstack';

export const catalog = defineCatalog({
  service: 'mariadb',
  user: { uid: 64100, gid: 64100 },
  releases: {
    '11.8': { image: 'mariadb', tag: '11.8', commands: {} },
  },
});

/** What is run where the object does not name an image. */
export const currentVersion = '11.8';
