import type { ImageDefinition } from '../definition.js';
import { base, newerBase } from './base.js';
import { controller, node } from './controller.js';
import { mariadb, memcached, rabbitmq } from './infrastructure.js';
import { cinder, glance, keystone, openstackBase, placement } from './openstack.js';

/** All images of this workspace, parents before children. */
export const definitions: readonly ImageDefinition[] = [
  base,
  // The longest chain first: it decides how long a build of everything takes.
  openstackBase,
  keystone,
  glance,
  cinder,
  placement,
  mariadb,
  rabbitmq,
  newerBase,
  node,
  controller,
  memcached,
];
