import { randomInt } from 'node:crypto';
import { apiVersionOf, CoreEvent, type Client, type Resource } from '@stackwright/kube';
import { rfc3339, type Clock } from './clock.js';
import { messageOf, type Log } from './log.js';
import type { Stored } from './objects.js';

interface Recorded {
  name: string;
  namespace: string;
  count: number;
}

/** How many distinct events are remembered for counting repeats. */
const REMEMBERED = 2_000;

/**
 * Writes Events as Kubernetes' recorder does: a repeat raises the count of the first one. Never throws and never makes
 * its caller wait: an event that cannot be written is lost, as events may be.
 */
export class EventRecorder {
  readonly #client: Client;
  readonly #component: string;
  readonly #host: string | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #seen = new Map<string, Recorded>();
  #queue: Promise<void> = Promise.resolve();

  constructor(options: { client: Client; component: string; host?: string; clock: Clock; log: Log }) {
    this.#client = options.client;
    this.#component = options.component;
    this.#host = options.host;
    this.#clock = options.clock;
    this.#log = options.log;
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
    this.#queue = this.#queue.then(() => this.#write(resource, object, type, reason, message, fieldPath));
  }

  /** Resolves when everything recorded so far has been written. */
  flush(): Promise<void> {
    return this.#queue;
  }

  async #write(
    resource: Resource,
    object: Stored,
    type: string,
    reason: string,
    message: string,
    fieldPath?: string,
  ): Promise<void> {
    const key = [object.metadata.uid, type, reason, message, fieldPath].join('\0');
    try {
      const seen = this.#seen.get(key);
      if (seen && (await this.#repeat(seen))) return;
      const created = await this.#create(resource, object, type, reason, message, fieldPath);
      this.#seen.set(key, created);
      const oldest = this.#seen.keys().next();
      if (this.#seen.size > REMEMBERED && !oldest.done) this.#seen.delete(oldest.value);
    } catch (error) {
      this.#log.debug('event not written', { reason, error: messageOf(error) });
    }
  }

  /** False when the first event has expired since. */
  async #repeat(event: Recorded): Promise<boolean> {
    try {
      const body = { count: event.count + 1, lastTimestamp: rfc3339(this.#clock.now()) };
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
      // The API's limit for an Event's message.
      message: message.length > 1024 ? `${message.slice(0, 1021)}...` : message,
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
