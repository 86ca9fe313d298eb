// The real clock: the only place of a controller that asks the machine for the time.
import type { Clock, Timer } from './clock.js';

/** Node fires a longer timer after one millisecond. */
const longestTimer = 2 ** 31 - 1;

export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(delay: number, callback: () => void): Timer {
    const handle = setTimeout(callback, Math.min(Math.max(delay, 0), longestTimer));
    return { cancel: () => clearTimeout(handle) };
  },
});
