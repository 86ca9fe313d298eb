import { defineServerCatalog } from '@stackwright/openstack';

export const catalog = defineServerCatalog('mariadb', '11.8', 64100);
