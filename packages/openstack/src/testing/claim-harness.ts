// A claim under test, and the provider that it names: its controller's part is played on the test's word.
import { annotations } from '@stackwright/api';
import type { Graph, Reconciled } from '@stackwright/graph';
import { apiVersionOf, type Resource } from '@stackwright/kube';
import type { ProvidedClaim } from '../claims/define-claim.js';
import { connectionSecret } from '../claims/names.js';
import { ObjectHarness } from './object-harness.js';

export interface ClaimHarnessOptions {
  /** Milliseconds after which the step of the provider looks again by itself. Default 5 minutes, as of any external step. */
  resync?: number;
}

/** `Connection`: what the Secret holds by which the claim is fulfilled. */
export class ClaimHarness<
  R extends ProvidedClaim,
  Connection extends Record<string, string> = Record<string, string>,
> extends ObjectHarness<R> {
  readonly #provider: Resource;
  readonly #resync: number;

  /** Of a `provider` that has its kind's name: a MariaDB is `mariadb`. */
  constructor(graph: Graph<R>, provider: Resource, { resync = 300_000 }: ClaimHarnessOptions = {}) {
    super(graph);
    this.#provider = provider;
    this.#resync = resync;
  }

  get provider(): string {
    return this.#provider.kind.toLowerCase();
  }

  async runProvider(spec: Reconciled['spec'], { ready = true } = {}): Promise<void> {
    const { kind } = this.#provider;
    const object = { apiVersion: apiVersionOf(this.#provider), kind, metadata: this.at(this.provider), spec };
    await this.api.seed(this.#provider, object);
    await this.sayProviderReady(ready);
  }

  async sayProviderReady(ready: boolean): Promise<void> {
    const message = `Pod ${this.provider}-0 is starting`;
    await this.sayReady(this.#provider, this.provider, ready ? undefined : { reason: 'RolloutInProgress', message });
    await this.settle();
  }

  async removeProvider(): Promise<void> {
    await this.api.delete(this.#provider, this.at(this.provider));
  }

  /** Creates a claim that is fulfilled at once. */
  async fulfilled(claim: Omit<R, 'metadata'>): Promise<Connection> {
    await this.begin(claim);
    const { status, message } = this.condition('Ready') ?? {};
    if (status !== 'True') throw new Error(`The claim is not fulfilled: ${message}`);
    return this.connection;
  }

  /**
   * Deletes the claim while its server is away, and then the provider for good. Returns the reason for which the claim waited;
   * throws where it did not wait, or waits for ever.
   */
  async deleteWithProvider(): Promise<string | undefined> {
    await this.delete();
    if (this.isGone) throw new Error('The claim has not waited for its server');
    const { reason } = this.condition('Ready') ?? {};
    await this.removeProvider();
    await this.lookAgain();
    if (!this.isGone) throw new Error('The claim waits for a server that is gone');
    return reason;
  }

  get connection(): Connection {
    return this.values(connectionSecret(this.key.name)) as Connection;
  }

  /** The step of the provider looks again by itself. */
  async lookAgain(): Promise<void> {
    await this.later(this.#resync);
  }

  /** What is written by a controller that was just started, where all is as it should be; it has looked at everything. */
  async writesOfRestart(): Promise<string[]> {
    this.restart();
    await this.clock.advance(this.#resync);
    return this.writesOf(() => this.settle());
  }

  /** After a crash, and as long as the next one of any step may take. */
  async startAgain(): Promise<void> {
    this.restart();
    await this.lookAgain();
  }

  /** New credentials are asked for; null: the first ones again. */
  async rotate(rotation: string | null): Promise<void> {
    await this.set({ rotation });
  }

  /** The consumer says that all of it runs with these. */
  async use(username: string): Promise<void> {
    await this.annotate({ [annotations.inUse]: username });
  }
}
