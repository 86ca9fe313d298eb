// Cinder as a graph of steps: API, schedulers, and for each backend of the spec a Pod with what it keeps volumes on.
import type { Graph } from '@stackwright/graph';
import { defineObjectService, type ServiceBuilder, type ServiceOptions } from '@stackwright/openstack';
import { catalog } from './catalog.js';
import { cinderConf, configDirectory, mountPointOf, shareOf, sharesFile, stateDirectory } from './cinder-conf.js';
import { Cinder, type Backend } from './crd.js';

const port = 8776;
/** What becomes of a name where one more word of a step is made of it. */
const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

export function cinderGraph(options: ServiceOptions<Cinder> = {}): Graph<Cinder> {
  return defineObjectService(Cinder, catalog, declare, { ...options, examples: [example] });
}

/** With all sorts of steps. */
const example: Cinder = {
  apiVersion: 'cinder.stackwright.dev/v1alpha1',
  kind: 'Cinder',
  metadata: {},
  spec: {
    release: '2025.1',
    replicas: 1,
    deletionPolicy: 'Retain',
    backends: [{ name: 'files', storage: { size: '1Gi', accessMode: 'ReadWriteOnce' } }],
    purge: { schedule: '@daily', olderThanDays: 1, suspend: false },
  },
};

function declare(s: ServiceBuilder<Cinder>, { spec: { backends } }: Readonly<Cinder>): void {
  const database = s.database();
  const cache = s.cache();
  const messaging = s.messaging();
  // Reader for the check, which lists types of volumes.
  const identity = s.identity({ type: 'block-storage', port, path: '/v3', roles: ['reader', 'service'] });
  const onFiles = backends.filter(({ storage }) => storage);

  const config = s.config({
    directory: configDirectory,
    after: [database, cache, messaging, identity],
    files: {
      'cinder.conf': (scope) =>
        cinderConf(
          {
            database: scope.output(database),
            cache: scope.output(cache),
            messaging: scope.output(messaging),
            identity: scope.output(identity),
          },
          backends,
        ),
      ...Object.fromEntries(onFiles.map(({ name }) => [sharesFile(name), () => `${shareOf(name)}\n`])),
    },
  });

  const schema = s.dbSync({ config, database });
  const common = { config, writable: [stateDirectory], after: [schema] };
  s.worker({
    name: 'Scheduler',
    ...common,
    scale: ({ spec }) => spec.scheduler,
    // One name for whichever Pod does it: another after each start would leave a dead one in the list each time.
    env: ({ name }) => [{ name: 'OS_DEFAULT__HOST', value: `${name}-scheduler` }],
  });
  for (const backend of backends) backendSteps(s, backend, common);
  s.cronJob({
    name: 'Purge',
    ...common,
    schedule: ({ object }) => object.spec.purge.schedule,
    suspend: ({ object }) => object.spec.purge.suspend,
    command: ({ object }) => ['cinder-manage', 'db', 'purge', String(object.spec.purge.olderThanDays)],
  });

  s.api({ port, probe: '/healthcheck', check: { as: identity, path: '/v3/types', headers }, ...common });
}

/** The first in which no project stands in the path. */
const headers = { 'OpenStack-API-Version': 'volume 3.67' };

type Common = Pick<Parameters<ServiceBuilder<Cinder>['worker']>[0], 'config' | 'writable' | 'after'>;

function backendSteps(s: ServiceBuilder<Cinder>, { name, storage }: Backend, common: Common): void {
  const volume =
    storage && s.volume({ name: `Volumes${capital(name)}`, path: mountPointOf(name), storage, inStatus: false });
  s.worker({
    name: `Backend${capital(name)}`,
    as: 'StatefulSet',
    ...common,
    process: 'volume',
    ...(volume ? { volumes: [volume] } : {}),
    scale: ({ spec }) => {
      const { name: _name, storage: _storage, ...scale } = spec.backends.find((one) => one.name === name) ?? { name };
      // Two with one name would do everything twice.
      return { ...scale, replicas: 1 };
    },
    env: (scope) => [
      // Volumes belong to "<host>@<backend>", for ever.
      { name: 'OS_DEFAULT__HOST', value: scope.name },
      { name: 'OS_DEFAULT__ENABLED_BACKENDS', value: name },
    ],
  });
}
