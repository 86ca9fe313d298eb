// What a step does, in a span of its own, and how long it took.
import type { Clock, Span } from '@stackwright/core';

/** Of one reconcile. */
export class StepSpans {
  /** Milliseconds that each step took, what it wrote and called included. */
  readonly durations = new Map<string, number>();
  readonly #span: Span;
  readonly #kind: string;
  readonly #clock: Pick<Clock, 'monotonic'>;

  constructor(span: Span, kind: string, clock: Pick<Clock, 'monotonic'>) {
    this.#span = span;
    this.#kind = kind;
    this.#clock = clock;
  }

  async within(step: string, work: (span: Span) => Promise<void>): Promise<void> {
    const start = this.#clock.monotonic();
    await this.#span.span(`step ${step}`, { step, kind: this.#kind }, work);
    this.durations.set(step, (this.durations.get(step) ?? 0) + this.#clock.monotonic() - start);
  }
}
