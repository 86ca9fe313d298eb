import { coordinator } from '@stackwright/coordinator';
import type { ControllerModule } from '@stackwright/core';
import { glance } from '@stackwright/glance';
import { keystone } from '@stackwright/keystone';
import { mariadb } from '@stackwright/mariadb';
import { memcached } from '@stackwright/memcached';
import { placement } from '@stackwright/placement';

/** The controllers of this workspace, those first that others stand on. */
export const modules: readonly ControllerModule[] = [coordinator, mariadb, memcached, keystone, placement, glance];
