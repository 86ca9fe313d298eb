// Makes and changes widgets, and sees by a watch of its own when each is Ready.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ObjectOf } from '@stackwright/kube';
import { freshPrefix } from './server/protocol.js';
import { Widget } from './variants/shared/resource.js';
import { apiVersion, isReady, kind } from './variants/shared/widget.js';

const readyTimeout = 600_000;

type Object = ObjectOf<typeof Widget>;

interface Ready {
  generation: number;
  /** performance.now(). */
  at: number;
}

interface Waiting {
  generation: number;
  resolve: (at: number) => void;
  reject: (error: Error) => void;
}

/** A write that the server has answered. */
export interface Sent {
  /** performance.now() when it was begun. */
  began: number;
  /** Resolves with performance.now() when the widget was seen Ready with it. */
  ready: Promise<number>;
}

export class Load {
  readonly #client: Client;
  readonly #namespace: string;
  readonly #stop = new AbortController();
  readonly #ready = new Map<string, Ready>();
  readonly #waiting = new Map<string, Set<Waiting>>();
  #broken: Error | undefined;
  #edits = 0;
  #fresh = 0;
  /** Of every widget that was made, in order. */
  readonly names: string[] = [];

  constructor(client: Client, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  async start(): Promise<void> {
    const list = await this.#client.listAll(Widget, { namespace: this.#namespace });
    void this.#follow(list.metadata.resourceVersion ?? '');
  }

  stop(): void {
    this.#stop.abort();
  }

  async create(): Promise<Sent> {
    const name = `widget-${String(this.names.length).padStart(5, '0')}`;
    this.names.push(name);
    return this.#create(name);
  }

  /** A widget beside those that are counted. */
  async createFresh(): Promise<Sent> {
    this.#fresh += 1;
    return this.#create(`${freshPrefix}${this.#fresh}`);
  }

  /** Changes the widget that was not changed for the longest time. */
  async edit(): Promise<Sent> {
    const name = this.names[this.#edits % this.names.length] ?? '';
    this.#edits += 1;
    const began = performance.now();
    const body = { spec: { message: `edit ${this.#edits}` } };
    const { metadata } = await this.#client.patch(
      Widget,
      { namespace: this.#namespace, name },
      { type: 'merge', body },
    );
    return this.#sent(name, metadata?.generation ?? 0, began);
  }

  async #create(name: string): Promise<Sent> {
    const began = performance.now();
    const metadata = { name, namespace: this.#namespace };
    await this.#client.create(Widget, { apiVersion, kind, metadata, spec: { message: 'hello' } });
    return this.#sent(name, 1, began);
  }

  #sent(name: string, generation: number, began: number): Sent {
    const ready = this.#whenReady(name, generation);
    // Whoever waits for it is told; not all do.
    ready.catch(() => undefined);
    return { began, ready };
  }

  async #follow(resourceVersion: string): Promise<void> {
    try {
      let from = resourceVersion;
      while (!this.#stop.signal.aborted) {
        const watch = this.#client.watch(Widget, {
          namespace: this.#namespace,
          resourceVersion: from,
          signal: this.#stop.signal,
        });
        for await (const event of watch) {
          if (event.type === 'BOOKMARK') from = event.resourceVersion;
          else {
            from = event.object.metadata?.resourceVersion ?? from;
            if (event.type !== 'DELETED') this.#seen(event.object);
          }
        }
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#break(new Error('the watch of the load generator broke', { cause: error }));
    }
  }

  #seen(object: Object): void {
    if (!isReady(object)) return;
    const { name = '', generation = 0 } = object.metadata ?? {};
    const at = performance.now();
    if ((this.#ready.get(name)?.generation ?? 0) < generation) this.#ready.set(name, { generation, at });
    for (const waiting of this.#waiting.get(name) ?? []) if (waiting.generation <= generation) waiting.resolve(at);
  }

  #whenReady(name: string, generation: number): Promise<number> {
    const ready = this.#ready.get(name);
    if (ready && ready.generation >= generation) return Promise.resolve(ready.at);
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      const others = this.#waiting.get(name) ?? new Set();
      const end = (): void => {
        clearTimeout(late);
        others.delete(waiting);
        if (others.size === 0) this.#waiting.delete(name);
      };
      const waiting: Waiting = {
        generation,
        resolve: (at) => {
          end();
          resolve(at);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const late = setTimeout(
        () => waiting.reject(new Error(`${name} was not Ready within ${readyTimeout / 1000} s`)),
        readyTimeout,
      );
      this.#waiting.set(name, others.add(waiting));
    });
  }

  #break(error: Error): void {
    this.#broken = error;
    for (const others of [...this.#waiting.values()]) for (const { reject } of [...others]) reject(error);
  }
}

/** Runs `one` `count` times, `rate` times a second however long each takes; the latencies, in milliseconds. */
export async function paced(count: number, rate: number, one: () => Promise<Sent>): Promise<number[]> {
  const began = performance.now();
  const latencies: Promise<number>[] = [];
  for (let index = 0; index < count; index += 1) {
    const wait = began + (index * 1000) / rate - performance.now();
    if (wait > 0) await sleep(wait);
    const latency = one().then(latencyOf);
    latency.catch(() => undefined);
    latencies.push(latency);
  }
  return Promise.all(latencies);
}

/** As fast as `width` connections write, without waiting for any to be Ready; the latencies, in milliseconds. */
export async function burst(count: number, width: number, one: () => Promise<Sent>): Promise<number[]> {
  const latencies: Promise<number>[] = [];
  const writer = async (): Promise<void> => {
    while (latencies.length < count) {
      const latency = one();
      const waited = latency.then(latencyOf);
      waited.catch(() => undefined);
      latencies.push(waited);
      await latency;
    }
  };
  await Promise.all(Array.from({ length: width }, writer));
  return Promise.all(latencies);
}

const latencyOf = async ({ began, ready }: Sent): Promise<number> => (await ready) - began;
