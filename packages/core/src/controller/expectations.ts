// What a controller has set about and its cache does not show yet, by count, as ReplicaSets keep it.
//
// Children with deterministic names need none of this: what was made already is `AlreadyExists`, and the next run waits
// for own writes by itself. With generated names there is one hole: a creation whose answer was lost may have been
// carried out, and trying again makes a second child. So it counts as expected until it is seen, or long enough has passed.
import { ApiError, keyOf, type KubeObject } from '@stackwright/kube';
import type { HandlerRegistration, Informer } from '../cache/cache.js';
import type { Request } from '../reconciler.js';
import type { Clock, Timer } from '../seams/clock.js';

interface Expected {
  creations: number;
  /** Uids. */
  deletions: Set<string>;
  since: number;
}

export interface ExpectationsOptions {
  clock: Clock;
  /** Milliseconds after which nothing is expected any more: an event was missed, or there is none to come. Default 300 000. */
  timeout?: number;
}

export class Expectations {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #expected = new Map<string, Expected>();
  #sweep: Timer | undefined;

  constructor({ clock, timeout = 300_000 }: ExpectationsOptions) {
    this.#clock = clock;
    this.#timeout = timeout;
  }

  /** Requests of which something is expected. */
  get size(): number {
    return this.#expected.size;
  }

  /** Watches for what is expected; `ownerOf` says whose child it is. Call it beside `owns(…)`, on the same informer. */
  observe<T extends KubeObject>(
    informer: Informer<T>,
    ownerOf: (child: Readonly<T>) => Request | undefined,
  ): HandlerRegistration {
    return informer.addHandler({
      added: (child) => this.#created(ownerOf(child)),
      deleted: (child) => this.#deleted(ownerOf(child), child.metadata?.uid),
    });
  }

  /** Makes a child of the request. Expects to see it, unless the API server said no. */
  async creating<T>(request: Request, create: () => Promise<T>): Promise<T> {
    const expected = this.#of(request);
    expected.creations++;
    try {
      return await create();
    } catch (error) {
      if (wasRefused(error)) this.#created(request);
      throw error;
    }
  }

  /** Deletes a child of the request by uid. Expects to see it go, unless the API server said no. */
  async deleting<T>(request: Request, uid: string, remove: () => Promise<T>): Promise<T> {
    this.#of(request).deletions.add(uid);
    try {
      return await remove();
    } catch (error) {
      if (wasRefused(error)) this.#deleted(request, uid);
      throw error;
    }
  }

  /**
   * Undefined: all that was expected has been seen, or is not waited for any longer. Otherwise the milliseconds to wait
   * at most: return `{ requeueAfter }` and do nothing, the event that is missing comes before.
   */
  wait(request: Request): number | undefined {
    const expected = this.#expected.get(keyOf(request));
    if (!expected) return undefined;
    const left = expected.since + this.#timeout - this.#clock.monotonic();
    if (left > 0) return left;
    this.#expected.delete(keyOf(request));
    return undefined;
  }

  /** The object is gone. */
  forget(request: Request): void {
    this.#expected.delete(keyOf(request));
  }

  stop(): void {
    this.#sweep?.cancel();
    this.#expected.clear();
  }

  #of(request: Request): Expected {
    const key = keyOf(request);
    const expected = this.#expected.get(key) ?? { creations: 0, deletions: new Set(), since: 0 };
    expected.since = this.#clock.monotonic();
    this.#expected.set(key, expected);
    this.#armSweep();
    return expected;
  }

  #created(request: Request | undefined): void {
    const expected = request && this.#expected.get(keyOf(request));
    if (!expected) return;
    // Somebody else's child, or one that was there before: there is no less than nothing to expect.
    expected.creations = Math.max(0, expected.creations - 1);
    this.#settle(request, expected);
  }

  #deleted(request: Request | undefined, uid: string | undefined): void {
    const expected = request && this.#expected.get(keyOf(request));
    if (!expected || uid === undefined) return;
    expected.deletions.delete(uid);
    this.#settle(request, expected);
  }

  #settle(request: Request, { creations, deletions }: Expected): void {
    if (creations === 0 && deletions.size === 0) this.#expected.delete(keyOf(request));
  }

  /** Requests that never run again would be remembered for ever. */
  #armSweep(): void {
    if (this.#sweep || this.#expected.size === 0) return;
    this.#sweep = this.#clock.schedule(this.#timeout, () => {
      this.#sweep = undefined;
      for (const [key, { since }] of this.#expected)
        if (this.#clock.monotonic() - since >= this.#timeout) this.#expected.delete(key);
      this.#armSweep();
    });
  }
}

/** Whether it is certain that nothing was done. */
const wasRefused = (error: unknown): boolean => error instanceof ApiError && error.code >= 400 && error.code < 500;
