// How old the keys are: what an alert asks that shall notice when nobody rotates them any more. Computed when it is asked for.
import { CacheNotSyncedError, type Clock, type Reader } from '@stackwright/core';
import { parseTime } from '@stackwright/kube';
import { Gauge, type Registry } from 'prom-client';
import { Keystone } from './crd.js';

const repositories = ['fernet', 'credential'] as const;

export function registerMetrics(registry: Registry, reader: Reader, clock: Pick<Clock, 'now'>): void {
  const gauge = (name: string, help: string, value: (keys: KeyStatus) => number): void => {
    const metric = new Gauge({
      name,
      help,
      labelNames: ['namespace', 'name', 'repository'],
      registers: [registry],
      collect() {
        metric.reset();
        for (const { metadata, status } of keystones(reader)) {
          const { namespace = '', name: of = '' } = metadata ?? {};
          for (const repository of repositories) {
            const keys = status?.[repository];
            if (keys) metric.set({ namespace, name: of, repository }, value(keys));
          }
        }
      },
    });
  };

  gauge(
    'stackwright_keystone_primary_key_age_seconds',
    'For how long the key that encrypts has been primary.',
    (keys) => Math.max(0, (clock.now() - parseTime(keys.lastRotation)) / 1_000),
  );
  gauge('stackwright_keystone_keys', 'How many keys there are, the staged one included.', ({ keys }) => keys);
}

type KeyStatus = NonNullable<NonNullable<Keystone['status']>['fernet']>;

function keystones(reader: Reader): readonly Readonly<Keystone>[] {
  try {
    return reader.list(Keystone);
  } catch (error) {
    // Scraped before the first list has come in: there is nothing to say yet.
    if (error instanceof CacheNotSyncedError) return [];
    throw error;
  }
}
