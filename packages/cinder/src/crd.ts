import { Type, type Static } from '@sinclair/typebox';
import { defineServiceKind, nodeWorker, purge, roles, serviceSpec, storage, worker } from '@stackwright/api';
import { ListMap, type ObjectOf } from '@stackwright/kube';

/** Letters and digits, as the name stands in those of steps, Pods and sections alike. */
const backendName = Type.String({
  description: 'Name of the backend. Volumes belong to it by this name for ever.',
  minLength: 1,
  maxLength: 16,
  pattern: '^[a-z][a-z0-9]*$',
  not: { enum: ['default', 'database', 'coordination', 'backend', 'nova', 'barbican', 'profiler', 'privsep'] },
});

const backend = Type.Object(
  {
    name: backendName,
    storage: Type.Optional(
      storage(
        'A volume on which it keeps its volumes, as files. Absent: what `spec.config` says of it in the section of cinder.conf that has its ' +
          'name, `volume_driver` above all.',
        '10Gi',
        { isDefault: false },
      ),
    ),
    ...nodeWorker('').properties,
  },
  {
    'x-kubernetes-validations': [
      {
        rule: 'has(self.storage) == has(oldSelf.storage)',
        message: 'what a backend keeps its volumes on does not change: they would be lost to it. Add another backend',
      },
      {
        rule: '!has(self.storage) || !has(oldSelf.storage) || quantity(self.storage.size).compareTo(quantity(oldSelf.storage.size)) >= 0',
        message: 'a volume cannot shrink',
      },
    ],
  },
);
export type Backend = Static<typeof backend>;

export const Cinder = defineServiceKind({
  kind: 'Cinder',
  description: 'The block storage service.',
  names: { others: [`-volumes-${'x'.repeat(16)}`] },
  // Without an image service no volume can be made.
  requires: [roles.identity, roles.database, roles.cache, roles.messaging, 'glance'],
  spec: Type.Object({
    ...serviceSpec,
    scheduler: Type.Optional(worker('Schedulers, which choose a backend for each volume')),
    backends: ListMap(backend, ['name'], {
      description:
        'What volumes are made on: each backend has a Pod of its own. One that is taken away leaves its volumes where they are; nobody ' +
        'does anything with them until it is there again.',
      maxItems: 16,
      // In full: a server holds a default to the rules before what is within it gets defaults.
      default: [{ name: 'files', storage: { size: '10Gi', accessMode: 'ReadWriteOnce' } }],
    }),
    purge: purge('volumes, snapshots and backups'),
  }),
});
export type Cinder = ObjectOf<typeof Cinder>;
