import type { Container, Probe } from 'kubernetes-types/core/v1.d.ts';
import type { Clock, Timer } from '../../shared/clock.js';
import type { ContainerRuntime } from '../runtime.js';
import { runProbe } from './probe.js';
import type { ProbeResult } from './result.js';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface Subject {
  containerId: string;
  startedAt: number;
  podIP: string;
  container: Container;
  /** No startup probe, or it has succeeded. */
  started: boolean;
}

export interface ProberOptions {
  kind: ProbeKind;
  probe: Probe;
  clock: Clock;
  runtime: ContainerRuntime;
  /** What to probe; undefined while the container does not run, and for ever once the Pod is on its way out. */
  subject(): Subject | undefined;
  /** The outcome that thresholds make of the tries; called when it changes, and on each failure beyond the threshold. */
  onOutcome(success: boolean, output: string): void;
  /** Each single failure, for the event. */
  onFailure(output: string): void;
}

/** Tries one probe of one container period after period, for as long as the Pod lives, through restarts of the container. */
export class Prober {
  readonly #options: ProberOptions;
  #timer: Timer | undefined;
  #containerId: string | undefined;
  #outcome: boolean | undefined;
  #last: boolean | undefined;
  #run = 0;
  #onHold = false;
  #stopped = false;
  #trying = false;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** The container's present outcome; undefined before the first and for another container. */
  outcome(containerId: string): boolean | undefined {
    return containerId === this.#containerId ? this.#outcome : undefined;
  }

  /** Takes an outcome over that an earlier process found, so that its restart makes no healthy container unready. */
  assume(containerId: string, outcome: boolean): void {
    this.#containerId = containerId;
    this.#outcome = outcome;
  }

  /** Call it when a container runs: tries at once when that is news, otherwise the period goes on. */
  follow(containerId: string): void {
    if (!this.#timer || containerId !== this.#containerId) this.tryNow();
  }

  tryNow(): void {
    if (this.#stopped || this.#trying) return;
    this.#timer?.cancel();
    void this.#tick();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #tick(): Promise<void> {
    this.#trying = true;
    this.#timer = undefined;
    try {
      await this.#try();
    } finally {
      this.#trying = false;
      if (!this.#stopped) this.#timer = this.#options.clock.schedule(this.#delay(), () => void this.#tick());
    }
  }

  /** To the next try: a period, or the rest of the initial delay when that is less away. */
  #delay(): number {
    const { probe, clock } = this.#options;
    const period = (probe.periodSeconds ?? 10) * 1000;
    const subject = this.#options.subject();
    if (!subject) return period;
    if (subject.containerId !== this.#containerId) return 0;
    const initial = subject.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    return initial > 0 ? Math.min(initial, period) : period;
  }

  async #try(): Promise<void> {
    const { kind, probe, clock, runtime } = this.#options;
    const subject = this.#options.subject();
    if (!subject) return;
    if (subject.containerId !== this.#containerId) {
      this.#containerId = subject.containerId;
      this.#outcome = undefined;
      this.#last = undefined;
      this.#run = 0;
      this.#onHold = false;
    }
    // After a verdict that ends the container there is nothing to ask until the next one runs.
    if (this.#onHold || subject.started === (kind === 'startup')) return;
    if (clock.now() - subject.startedAt < (probe.initialDelaySeconds ?? 0) * 1000) return;
    const result = await runProbe(probe, subject, runtime);
    if (
      this.#stopped ||
      subject.containerId !== this.#containerId ||
      this.#options.subject()?.containerId !== subject.containerId
    )
      return;
    this.#note(result);
  }

  #note({ ok, output }: ProbeResult): void {
    const { kind, probe } = this.#options;
    if (!ok) this.#options.onFailure(output);
    this.#run = ok === this.#last ? this.#run + 1 : 1;
    this.#last = ok;
    const threshold = ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#run < threshold) return;
    const changed = this.#outcome !== ok;
    this.#outcome = ok;
    if (!ok && kind !== 'readiness') {
      this.#onHold = true;
      this.#run = 0;
    }
    if (changed) this.#options.onOutcome(ok, output);
  }
}
