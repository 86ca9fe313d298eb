import { randomInt } from 'node:crypto';
import { apiVersionOf, CoreEvent, type Client, type Resource } from '@stackwright/kube';
import { rfc3339, type Clock } from './clock.js';
import { EventCorrelator, remember } from './event-correlator.js';
import { messageOf, type Log } from './log.js';
import type { Stored } from './objects.js';

interface Recorded {
  name: string;
  namespace: string;
  count: number;
}

/** How many events wait to be written, at most: further ones are lost. */
const MOST_WAITING = 1_000;

/**
 * Writes Events as Kubernetes' recorder does: a repeat raises the count of the first one, similar ones are combined, and
 * there are not more than a few for one object. Never throws and never makes its caller wait: an event that cannot be
 * written is lost, as events may be.
 */
export class EventRecorder {
  readonly #client: Client;
  readonly #component: string;
  readonly #host: string | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #seen = new Map<string, Recorded>();
  readonly #correlator: EventCorrelator;
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: { client: Client; component: string; host?: string; clock: Clock; log: Log }) {
    this.#client = options.client;
    this.#component = options.component;
    this.#host = options.host;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#correlator = new EventCorrelator(options.clock);
  }

  /** `fieldPath` names a part of the object: "spec.containers{api}". */
  record(
    resource: Resource,
    object: Stored,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    const correlated = this.#correlator.correlate({
      source: [this.#component, this.#host].join('\0'),
      object: object.metadata.uid,
      ...(fieldPath === undefined ? {} : { part: fieldPath }),
      type,
      reason,
      message,
    });
    if (!correlated || this.#waiting >= MOST_WAITING) return;
    this.#waiting += 1;
    this.#queue = this.#queue.then(async () => {
      this.#waiting -= 1;
      await this.#write(correlated.key, resource, object, type, reason, correlated.message, fieldPath);
    });
  }

  /** Resolves when everything recorded so far has been written. */
  flush(): Promise<void> {
    return this.#queue;
  }

  async #write(
    key: string,
    resource: Resource,
    object: Stored,
    type: string,
    reason: string,
    message: string,
    fieldPath?: string,
  ): Promise<void> {
    try {
      const seen = this.#seen.get(key);
      if (seen && (await this.#repeat(seen, message))) return;
      remember(this.#seen, key, await this.#create(resource, object, type, reason, message, fieldPath));
    } catch (error) {
      this.#log.debug('event not written', { reason, error: messageOf(error) });
    }
  }

  /** False when the first event has expired since. */
  async #repeat(event: Recorded, message: string): Promise<boolean> {
    try {
      const body = {
        count: event.count + 1,
        lastTimestamp: rfc3339(this.#clock.now()),
        message: withinLimit(message),
      };
      await this.#client.patch(CoreEvent, { namespace: event.namespace, name: event.name }, { type: 'merge', body });
      event.count += 1;
      return true;
    } catch {
      return false;
    }
  }

  async #create(
    resource: Resource,
    object: Stored,
    type: string,
    reason: string,
    message: string,
    fieldPath?: string,
  ): Promise<Recorded> {
    const namespace = resource.namespaced ? object.metadata.namespace : 'default';
    // Nanoseconds in Kubernetes; what the clock does not know of them keeps recorders out of each other's way.
    const moment = BigInt(this.#clock.now()) * 1_000_000n + BigInt(randomInt(1_000_000));
    const name = `${object.metadata.name}.${moment.toString(16)}`;
    const now = rfc3339(this.#clock.now());
    await this.#client.create(CoreEvent, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        name: object.metadata.name,
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
        ...(resource.namespaced ? { namespace } : {}),
        ...(fieldPath === undefined ? {} : { fieldPath }),
      },
      type,
      reason,
      message: withinLimit(message),
      source: { component: this.#component, ...(this.#host === undefined ? {} : { host: this.#host }) },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: this.#component,
      reportingInstance: this.#host ?? '',
    });
    return { name, namespace, count: 1 };
  }
}

/** The API's limit for an Event's message, in bytes. */
const MOST_BYTES = 1024;

function withinLimit(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MOST_BYTES) return message;
  // What is left of a character that was cut in two goes with it.
  return `${bytes.toString('utf8', 0, MOST_BYTES - 3).replace(/\ufffd$/, '')}...`;
}
