import { defineServerCatalog } from '@stackwright/openstack';

export const catalog = defineServerCatalog('memcached', '1.6', 64101);
