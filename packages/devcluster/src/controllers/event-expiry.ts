import { CoreEvent, isNotFound, type Client } from '@stackwright/kube';
import { millisecondsOf, type Clock } from '../shared/clock.js';
import type { Log } from '../shared/log.js';
import { Loop } from './loop.js';

/** How long Events live, in milliseconds: an hour, as on a real API server. */
const LIFETIME = 3_600_000;
const INTERVAL = 600_000;

/** Deletes old Events, so that a cluster that runs for weeks does not collect them for ever. */
export function eventExpiry(options: { client: Client; clock: Clock; log: Log }): Loop {
  const { client, clock, log } = options;
  const loop = new Loop({ name: 'event-expiry', reconcile, clock, log });
  loop.add({ name: 'events' });
  return loop;

  async function reconcile(): Promise<number> {
    const { items } = await client.listAll(CoreEvent);
    const oldest = clock.now() - LIFETIME;
    for (const event of items.filter((item) => lastSeen(item) < oldest)) {
      const { namespace = '', name = '' } = event.metadata;
      await client.delete(CoreEvent, { namespace, name }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
    return INTERVAL;
  }
}

function lastSeen({ metadata, lastTimestamp, eventTime, series }: CoreEvent): number {
  const times = [metadata.creationTimestamp, lastTimestamp, eventTime, series?.lastObservedTime];
  return Math.max(...times.map((time) => millisecondsOf(time)));
}
