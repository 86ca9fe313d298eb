// A service is a graph of steps, most of which all services share.
import type { Resource } from '@stackwright/kube';
import { defineGraph, type Graph, type GraphOptions, type StepHandle } from '@stackwright/core';
import type { Catalog } from '../catalog/catalog.js';
import { httpProbe, type HttpProbe } from '../seams/http-probe.js';
import { apiSteps } from './api.js';
import type { Api, ServiceBuilder, ServiceObject } from './builder.js';
import { cacheStep, databaseStep } from './claims.js';
import { configStep } from './config.js';
import { jobStep } from './job.js';
import { releaseStep } from './release.js';

export interface ServiceOptions<R extends ServiceObject> extends GraphOptions<R> {
  /** How APIs are asked whether they answer. Default: over HTTP. */
  probe?: HttpProbe;
}

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
 * `status.endpoint` (of the first API) and `status.release` are written for all: the last that were known to work.
 */
export function defineService<R extends ServiceObject>(
  resource: Resource<R>,
  catalog: Catalog,
  declare: (s: ServiceBuilder<R>) => void,
  { probe = httpProbe, ...options }: ServiceOptions<R> = {},
): Graph<R> {
  let endpoint: StepHandle<Api> | undefined;
  return defineGraph<R>(
    resource,
    (g) => {
      const release = releaseStep(g, catalog);
      declare({
        ...g,
        release,
        database: (database = {}) => databaseStep(g, release, { ...database, service: catalog.service }),
        cache: () => cacheStep(g, release),
        config: (config) => configStep(g, release, config),
        job: (job) => jobStep(g, release, job),
        dbSync: ({ name = 'DbSync', ...job }) => jobStep(g, release, { ...job, name }),
        api(api) {
          const handle = apiSteps(g, release, probe, api);
          endpoint ??= handle;
          return handle;
        },
      });
    },
    {
      ...options,
      status(scope) {
        const before = scope.object.status as { endpoint?: string; release?: string } | undefined;
        const api = endpoint && scope.output(endpoint);
        return {
          endpoint: api?.url ?? before?.endpoint,
          release: api ? scope.object.spec.release : before?.release,
          ...options.status?.(scope),
        };
      },
    },
  );
}
