// A service with all that services share, for tests of what they share.
import { authtokenSection, databaseSection, messagingSections } from '../config/sections.js';
import { mergeConfigs } from '../config/oslo-config.js';
import { defineCatalog } from '../catalog/catalog.js';
import { defineResource, type Resource } from '@stackwright/kube';
import type { Graph } from '@stackwright/graph';
import type { ServiceObject } from '../service/builder.js';
import { defineService, type ServiceOptions } from '../service/define-service.js';

export interface Sample extends ServiceObject {
  spec: ServiceObject['spec'] & { notifications?: boolean };
}

/** A kind that no CRD has: a Glance is of the group "glance.dev". */
export const sampleKind = <R extends ServiceObject>(kind: string): Resource<R> =>
  defineResource<R>({
    group: `${kind.toLowerCase()}.dev`,
    version: 'v1',
    kind,
    plural: `${kind.toLowerCase()}s`,
    namespaced: true,
  });

export const Sample = sampleKind<Sample>('Sample');

export const sampleCatalog = defineCatalog({
  service: 'sample',
  user: { uid: 100, gid: 101 },
  releases: {
    '2025.1': {
      image: 'sample',
      tag: '2025.1',
      commands: { dbSync: ['sample-manage', 'db', 'sync'] },
      wsgi: { api: 'sample.wsgi.api:application' },
    },
  },
});

export function sampleService(options: ServiceOptions<Sample> = {}): Graph<Sample> {
  return defineService(
    Sample,
    sampleCatalog,
    (s) => {
      const database = s.database();
      const cache = s.cache();
      const identity = s.identity({ type: 'sampling', port: 8000, path: '/v2' });
      const messaging = s.messaging({ when: ({ spec }) => spec.notifications === true });
      const config = s.config({
        directory: '/etc/sample',
        files: {
          'sample.conf': (scope) =>
            mergeConfigs(
              { database: databaseSection(scope.output(database)) },
              { keystone_authtoken: authtokenSection(scope.output(identity), scope.output(cache)) },
              messagingOf(scope.output(messaging)),
            ),
        },
        after: [database, cache, identity, messaging],
      });
      const schema = s.dbSync({ config, inputs: 'once' });
      s.api({ port: 8000, probe: '/', check: { as: identity, path: '/v2/things' }, config, after: [schema] });
    },
    options,
  );
}

const messagingOf = (messaging: Parameters<typeof messagingSections>[0] | undefined) =>
  messaging ? messagingSections(messaging, { notifications: true }) : {};

export function sample(spec: Partial<Sample['spec']> = {}): Omit<Sample, 'metadata'> {
  return {
    apiVersion: 'sample.dev/v1',
    kind: 'Sample',
    spec: { release: '2025.1', replicas: 1, deletionPolicy: 'Retain', ...spec },
  };
}
