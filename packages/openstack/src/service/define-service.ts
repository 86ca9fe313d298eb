// A service is a graph of steps, most of which all services share.
import type { Resource } from '@stackwright/kube';
import { defineGraph, type Graph, type GraphOptions } from '@stackwright/core';
import type { Catalog } from '../catalog/catalog.js';
import type { ServiceBuilder, ServiceObject } from './builder.js';

/**
 * Declares an OpenStack service:
 *
 *     export const placement = defineService(Placement, catalog, (s) => {
 *       const database = s.database();
 *       const config = s.config({ directory: '/etc/placement', files: { 'placement.conf': … }, after: [database] });
 *       const schema = s.dbSync({ config });
 *       s.api({ port: 8778, probe: '/', config, after: [schema] });
 *     });
 *
 * `status.endpoint` and `status.release` are written for all.
 */
export function defineService<R extends ServiceObject>(
  resource: Resource<R>,
  catalog: Catalog,
  declare: (s: ServiceBuilder<R>) => void,
  options: GraphOptions<R> = {},
): Graph<R> {
  throw new Error(
    `Not there yet: ${resource.kind} ${catalog.service} ${String(declare)} ${String(options)} ${String(defineGraph)}`,
  );
}
