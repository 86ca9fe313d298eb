// What steps gave when they were last done, where others are asked ahead of their turn: whether an object is available is a
// question also while a change of it waits, or is refused.
import type { BuiltGraph } from '../declare/graph.js';
import type { Reconciled } from '../declare/step.js';
import type { Evaluation } from './evaluate.js';

const none: ReadonlyMap<string, unknown> = new Map();

export class LastOutputs {
  /** By the object's uid, then by step. */
  readonly #byOwner = new Map<string, Map<string, unknown>>();

  get size(): number {
    return this.#byOwner.size;
  }

  forget(uid: string): void {
    this.#byOwner.delete(uid);
  }

  of(uid: string): ReadonlyMap<string, unknown> {
    return this.#byOwner.get(uid) ?? none;
  }

  /** Only of steps that one may be asked about which says whether the object is available. */
  keep<R extends Reconciled>(uid: string, { steps, available }: BuiltGraph<R>, evaluation: Evaluation<R>): void {
    if (available.length === 0) return;
    const deciding = steps.filter(({ name }) => available.includes(name));
    const outputs = this.#byOwner.get(uid) ?? new Map<string, unknown>();
    for (const { name } of deciding.flatMap(({ after }) => after)) {
      if (evaluation.isDone(name)) outputs.set(name, evaluation.outputOf(name));
    }
    if (outputs.size > 0) this.#byOwner.set(uid, outputs);
  }
}
