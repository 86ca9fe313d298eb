import { messageOf } from '../shared/log.js';
import { Backoff } from './backoff.js';
import { buildSandboxSpec } from './container-spec.js';
import type { PodScope } from './pod-scope.js';

/** What a Pod needs before its first container: volumes and a sandbox. */
export class PodSetup {
  readonly #scope: PodScope;
  readonly #backoff: Backoff;
  #prepared = false;
  /** What was last complained about, and when: each retry counts as one more of the same event. */
  #complaint = '';
  #failedAt = 0;

  constructor(scope: PodScope) {
    this.#scope = scope;
    this.#backoff = new Backoff(scope.node.clock, scope.node.settings.setupBackoff);
  }

  /** Brings both up to date. Returns milliseconds to wait when something is missing. */
  async ensure(): Promise<number | undefined> {
    return (await this.#ensureVolumes()) ?? (await this.#ensureSandbox());
  }

  async #ensureVolumes(): Promise<number | undefined> {
    const { volumes } = this.#scope.node;
    const { pod } = this.#scope;
    const context = {
      ...this.#scope.envContext(),
      token: (audience: string | undefined, seconds: number) => this.#scope.node.tokens.get(pod, audience, seconds),
    };
    try {
      await (this.#prepared ? volumes.update(pod, context) : volumes.prepare(pod, context));
      this.#prepared = true;
      this.#complaint = '';
      return undefined;
    } catch (error) {
      const wait = this.#failed('FailedMount', messageOf(error));
      // Running containers keep what they have.
      return this.#prepared ? undefined : wait;
    }
  }

  async #ensureSandbox(): Promise<number | undefined> {
    const { runtime, view, dns } = this.#scope.node;
    if (view.sandboxOf(this.#scope.uid)) return undefined;
    try {
      await this.#clear();
      await runtime.createSandbox(buildSandboxSpec(this.#scope.pod, dns));
      view.invalidate();
      await view.refresh();
      this.#backoff.forget('setup');
      return undefined;
    } catch (error) {
      return this.#failed('FailedCreatePodSandBox', `Failed to create pod sandbox: ${messageOf(error)}`);
    }
  }

  /** Containers of a sandbox that is gone cannot go on: their network is. */
  async #clear(): Promise<void> {
    const { runtime, view } = this.#scope.node;
    for (const status of view.containersOf(this.#scope.uid)) {
      await runtime.stopContainer(status.id, 0);
      await runtime.removeContainer(status.id);
      view.invalidate();
    }
  }

  #failed(reason: string, message: string): number {
    const { clock } = this.#scope.node;
    // Looked at again before its time, because something else happened: that is no other failure.
    if (message === this.#complaint && this.#backoff.remaining('setup', this.#failedAt) > 0)
      return this.#backoff.remaining('setup', this.#failedAt);
    this.#scope.record('Warning', reason, message);
    this.#complaint = message;
    this.#failedAt = clock.now();
    this.#backoff.next('setup', this.#failedAt);
    return this.#backoff.delay('setup');
  }
}
