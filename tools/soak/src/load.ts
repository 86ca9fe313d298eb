// People who create, edit and delete widgets, and know what they asked for. Every order is put until it is answered, and
// means the same when it is put twice.
import { setTimeout as sleep } from 'node:timers/promises';
import { apiVersionOf, isAlreadyExists, isNotFound, type Client, type CustomResource } from '@stackwright/kube';
import type { Random } from './random.js';
import { NAMESPACE, widgetKinds, type Widget } from './subject/kinds.js';

export interface Asked {
  kind: CustomResource;
  name: string;
  /** Undefined: it was deleted. */
  spec: Widget['spec'] | undefined;
}

export class Load {
  /** By name; names are unique across kinds. */
  readonly asked = new Map<string, Asked>();
  readonly counts = { created: 0, edited: 0, deleted: 0 };
  readonly #client: Client;
  readonly #random: Random;
  readonly #names: readonly string[];
  #revision = 0;

  constructor(client: Client, random: Random, widgets: number) {
    this.#client = client;
    this.#random = random;
    this.#names = Array.from({ length: widgets }, (_, index) => `widget-${index}`);
  }

  /** One order. Rejects when it was not answered within a minute. */
  async step(): Promise<void> {
    const { pick, between, next } = this.#random;
    const name = pick(this.#names as [string, ...string[]]);
    const index = this.#names.indexOf(name);
    const kind = widgetKinds[index % 2] ?? widgetKinds[0];
    const spec = { revision: (this.#revision += 1), parts: between(0, 3) };
    if (!this.asked.get(name)?.spec) {
      // The one before it under this name may still be going: then another time.
      if (await this.#insist(() => this.#create(kind, name, spec))) {
        this.asked.set(name, { kind, name, spec });
        this.counts.created += 1;
      }
    } else if (next() < 0.12) {
      this.asked.set(name, { kind, name, spec: undefined });
      await this.#insist(() => this.#client.delete(kind, { namespace: NAMESPACE, name }).catch(unless(isNotFound)));
      this.counts.deleted += 1;
    } else {
      this.asked.set(name, { kind, name, spec });
      const key = { namespace: NAMESPACE, name };
      await this.#insist(() => this.#client.patch(kind, key, { type: 'merge', body: { spec } }));
      this.counts.edited += 1;
    }
  }

  /** False: there is another one of this name. */
  async #create(kind: CustomResource, name: string, spec: Widget['spec']): Promise<boolean> {
    const key = { namespace: NAMESPACE, name };
    const object = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: key, spec };
    try {
      await this.#client.create(kind, object);
      return true;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      // It may be this very order, whose answer was lost.
      const there = await this.#client.get(kind, key);
      return (there.spec as Widget['spec']).revision === spec.revision;
    }
  }

  async #insist<T>(order: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await order();
      } catch (error) {
        if (attempt === 240) throw error;
        await sleep(250);
      }
    }
  }
}

const unless =
  (test: (error: unknown) => boolean) =>
  (error: unknown): void => {
    if (!test(error)) throw error;
  };
