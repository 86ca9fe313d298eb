// What a controller keeps while it runs. A graph is declared once and may be run by any number of controllers, of tests and of
// plans: it holds nothing itself.
import type { Clock, Random } from '@stackwright/core';

export interface RuntimeSeams {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Something that outlasts a reconcile and belongs to no object: tokens, connections. To lose it must cost nothing but what it
 * takes to make it again, since it does not outlast the process. The identity of this object is its key.
 */
export interface RuntimeKind<T> {
  create(seams: RuntimeSeams): T;
}

/** Of one controller. */
export interface StepRuntime extends RuntimeSeams {
  /** The controller's own; made when it is first asked for. */
  of<T>(kind: RuntimeKind<T>): T;
}

export class ControllerRuntime implements StepRuntime {
  readonly clock: Clock;
  readonly random: Random;
  readonly #made = new Map<RuntimeKind<unknown>, unknown>();

  constructor({ clock, random }: RuntimeSeams) {
    this.clock = clock;
    this.random = random;
  }

  of<T>(kind: RuntimeKind<T>): T {
    if (!this.#made.has(kind)) this.#made.set(kind, kind.create(this));
    // Made by this kind, a line above or earlier.
    return this.#made.get(kind) as T;
  }
}
