// What tests of services, of servers and of claims do alike: Secrets, endpoints, conditions of others, time, deletion.
import type { Graph, Reconciled } from '@stackwright/graph';
import { GraphHarness } from '@stackwright/graph/testing';
import { EndpointSlice, Secret, type KubeObject, type Resource } from '@stackwright/kube';
import { secretWith } from '../secrets/secret.js';

export class ObjectHarness<R extends Reconciled> extends GraphHarness<R> {
  readonly #kind: Resource<R>;

  constructor(graph: Graph<R>, options: ConstructorParameters<typeof GraphHarness<R>>[1] = {}) {
    super(graph, options);
    this.#kind = graph.resource;
  }

  at(name: string): { namespace: string; name: string } {
    return { ...this.key, name };
  }

  /** Creates the object, and lets all happen that does by itself. */
  async begin(object: Parameters<GraphHarness<R>['create']>[0]): Promise<void> {
    await this.create(object);
    await this.settle();
  }

  async set(spec: object): Promise<void> {
    await this.edit(this.#kind, this.key.name, { spec });
    await this.settle();
  }

  async annotate(annotations: Readonly<Record<string, string>>): Promise<void> {
    await this.edit(this.#kind, this.key.name, { metadata: { annotations } });
    await this.settle();
  }

  /** Time passes, in milliseconds. */
  async later(time: number): Promise<void> {
    await this.clock.advance(time);
    let { requeueAfter = Infinity } = await this.settle();
    // A step that was done says that a look fails when three have, some seconds apart.
    for (let look = 2; look <= 3 && requeueAfter < 5_000; look++) {
      await this.clock.advance(requeueAfter);
      ({ requeueAfter = Infinity } = await this.settle());
    }
  }

  /**
   * How often the object is reconciled in so many milliseconds in which nothing happens but what it asked for itself. What has no
   * end is given up at a thousand.
   */
  async reconcilesIn(time: number): Promise<number> {
    const end = this.clock.now() + time;
    let count = 0;
    while (count < 1_000) {
      const { requeueAfter } = await this.reconcile();
      count += 1;
      if (requeueAfter === undefined || this.clock.now() + requeueAfter > end) break;
      await this.clock.advance(requeueAfter);
    }
    return count;
  }

  /** Somebody deletes a Secret; `isNoted` no: of an object as an earlier version of ours left it, which noted none in `status.kept`. */
  async loseSecret(name: string, { isNoted = true } = {}): Promise<void> {
    await this.api.delete(Secret, this.at(name));
    if (!isNoted) await this.edit(this.#kind, this.key.name, { status: { kept: null } }, 'status');
    this.restart();
    await this.settle();
  }

  /** Somebody takes a key out of a Secret. */
  async loseKey(secret: string, key: string): Promise<void> {
    await this.edit(Secret, secret, { data: { [key]: null } });
  }

  async seedSecret(
    name: string,
    values: Readonly<Record<string, string>>,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const metadata = { ...this.at(name), labels };
    await this.api.seed(Secret, { ...secretWith(name, values), apiVersion: 'v1', kind: 'Secret', metadata });
  }

  /** What a Secret holds; nothing where there is none. */
  values(secret: string): Record<string, string> {
    const data = Object.entries(this.api.peek(Secret, this.at(secret))?.data ?? {});
    return Object.fromEntries(data.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
  }

  /** Throws where it is not there. */
  value(secret: string, key: string): string {
    const value = this.values(secret)[key];
    if (!value) throw new Error(`Secret ${secret} has no ${key}`);
    return value;
  }

  /** A ready endpoint of a Service, beside one that is not. */
  async endpoint(
    service: string,
    ports: readonly { name: string; port: number }[],
    address = '10.0.0.9',
  ): Promise<void> {
    const at = this.at(`${service}-1`);
    if (this.api.peek(EndpointSlice, at)) return;
    const isLong = address.includes(':');
    await this.api.seed(EndpointSlice, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...at, labels: { 'kubernetes.io/service-name': service } },
      addressType: isLong ? 'IPv6' : 'IPv4',
      endpoints: [
        { addresses: [isLong ? 'fd00::8' : '10.0.0.8'], conditions: { ready: false } },
        { addresses: [address], conditions: { ready: true } },
      ],
      ports: [...ports],
    });
  }

  conditionOf(
    type: string,
    status: 'True' | 'False',
    {
      reason = type,
      message = '',
      observedGeneration = 1,
    }: { reason?: string; message?: string; observedGeneration?: number } = {},
  ) {
    const lastTransitionTime = new Date(this.clock.now()).toISOString();
    return { type, status, reason, message, observedGeneration, lastTransitionTime };
  }

  /** What the controller of another object says of it as it is now; `why`: it is not Ready. */
  async sayReady(kind: Resource, name: string, why?: { reason: string; message: string }): Promise<void> {
    const observedGeneration = this.api.peek(kind, this.at(name))?.metadata?.generation ?? 1;
    const condition = this.conditionOf('Ready', why ? 'False' : 'True', { ...why, observedGeneration });
    await this.edit(kind, name, { status: { conditions: [condition] } }, 'status');
  }

  /** Deletes the object, and lets happen what does by itself: it may wait for something. */
  async delete(): Promise<void> {
    await this.api.delete(this.#kind, this.key);
    await this.settle();
  }

  /** Deletes the object and waits for what has to be undone. */
  async remove(): Promise<void> {
    await this.api.delete(this.#kind, this.key);
    for (let turn = 0; turn < 8 && !this.isGone; turn++) {
      await this.clock.advance(5_000);
      await this.reconcile();
    }
    if (!this.isGone) throw new Error(`${this.key.name} is still there`);
  }

  /** All that is not a Secret, with events and logs, as one text. */
  async said(...kinds: readonly Resource[]): Promise<string> {
    const objects: KubeObject[] = (await Promise.all(kinds.map((kind) => this.listed(kind)))).flat();
    return JSON.stringify([this.object, objects, this.events, this.logs]);
  }
}
