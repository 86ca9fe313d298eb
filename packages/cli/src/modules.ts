import { cinder } from '@stackwright/cinder';
import { coordinator } from '@stackwright/coordinator';
import type { GraphModule } from '@stackwright/graph';
import { glance } from '@stackwright/glance';
import { keystone } from '@stackwright/keystone';
import { mariadb } from '@stackwright/mariadb';
import { memcached } from '@stackwright/memcached';
import { placement } from '@stackwright/placement';
import { rabbitmq } from '@stackwright/rabbitmq';

/** The controllers of this workspace, those first that others stand on. */
export const modules: readonly GraphModule[] = [coordinator, mariadb, memcached, rabbitmq, keystone, placement, glance, cinder];
