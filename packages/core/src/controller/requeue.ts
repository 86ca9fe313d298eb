// When a reconcile comes again by itself: one place, so that no way leads to a loop that never waits.
import type { Result } from '../reconciler.js';

/** Milliseconds. What is due already, by a clock that went on meanwhile, is done ten times a second at most. */
export const soonestRequeue = 100;

/** Milliseconds until the next run; undefined: only with an event. */
export function requeueDelay(result: Result | void): number | undefined {
  const after = result?.requeueAfter;
  if (after === undefined) return undefined;
  // Taken for "never" it would lose the request, and for "at once" it would never end.
  if (Number.isNaN(after)) throw new RangeError('requeueAfter is not a number');
  return Math.max(after, soonestRequeue);
}
