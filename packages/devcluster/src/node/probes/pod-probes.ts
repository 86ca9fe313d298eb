import type { Container } from 'kubernetes-types/core/v1.d.ts';
import type { Clock } from '../../shared/clock.js';
import type { ContainerRuntime } from '../runtime.js';
import { Prober, type ProbeKind, type Subject } from './prober.js';

export interface PodProbesOptions {
  clock: Clock;
  runtime: ContainerRuntime;
  subject(container: Container): Omit<Subject, 'started' | 'container'> | undefined;
  /** An outcome changed: look at the Pod again. */
  onChange(): void;
  onFailure(container: Container, kind: ProbeKind, output: string): void;
}

const KINDS: readonly ProbeKind[] = ['startup', 'liveness', 'readiness'];

/** All probes of a Pod, and what follows from them for each container. */
export class PodProbes {
  readonly #options: PodProbesOptions;
  readonly #probers = new Map<string, Partial<Record<ProbeKind, Prober>>>();

  constructor(options: PodProbesOptions) {
    this.#options = options;
  }

  /** Begins to probe a container. Called again it changes nothing. */
  add(container: Container): void {
    if (this.#probers.has(container.name)) return;
    const probers: Partial<Record<ProbeKind, Prober>> = {};
    this.#probers.set(container.name, probers);
    for (const kind of KINDS) {
      const probe = container[`${kind}Probe`];
      if (!probe) continue;
      probers[kind] = new Prober({
        kind,
        probe,
        clock: this.#options.clock,
        runtime: this.#options.runtime,
        subject: () => {
          const subject = this.#options.subject(container);
          return subject && { ...subject, container, started: this.isStarted(container, subject.containerId) };
        },
        onOutcome: (success) => {
          // What waits for the start need not wait for its period as well.
          if (kind === 'startup' && success) for (const other of KINDS) this.#prober(container, other)?.tryNow();
          this.#options.onChange();
        },
        onFailure: (output) => this.#options.onFailure(container, kind, output),
      });
    }
  }

  /** Call it when a container runs. */
  follow(container: Container, containerId: string): void {
    for (const kind of KINDS) this.#prober(container, kind)?.follow(containerId);
  }

  assume(container: Container, containerId: string, known: { started: boolean; ready: boolean }): void {
    if (known.started) this.#prober(container, 'startup')?.assume(containerId, true);
    this.#prober(container, 'readiness')?.assume(containerId, known.ready);
  }

  /** Has no startup probe, or has passed it. */
  isStarted(container: Container, containerId: string): boolean {
    return !container.startupProbe || this.#prober(container, 'startup')?.outcome(containerId) === true;
  }

  isReady(container: Container, containerId: string): boolean {
    if (!this.isStarted(container, containerId)) return false;
    return !container.readinessProbe || this.#prober(container, 'readiness')?.outcome(containerId) === true;
  }

  /** The probe whose failure ends the container. */
  failed(container: Container, containerId: string): 'liveness' | 'startup' | undefined {
    if (this.#prober(container, 'startup')?.outcome(containerId) === false) return 'startup';
    return this.#prober(container, 'liveness')?.outcome(containerId) === false ? 'liveness' : undefined;
  }

  stop(): void {
    for (const probers of this.#probers.values()) for (const prober of Object.values(probers)) prober.stop();
  }

  #prober(container: Container, kind: ProbeKind): Prober | undefined {
    return this.#probers.get(container.name)?.[kind];
  }
}
