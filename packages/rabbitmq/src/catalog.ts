import { defineServerCatalog } from '@stackwright/openstack';

export const catalog = defineServerCatalog('rabbitmq', '4.0', 64102);
