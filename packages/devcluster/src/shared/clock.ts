// Time as the workload controllers and the node agent see it, so that tests and simulations own it.
export { formatMicroTime as rfc3339Micro, formatTime as rfc3339 } from '@stackwright/kube';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `callback` once after `delay` milliseconds. */
  schedule(delay: number, callback: () => void): Timer;
}

/** The longest delay that Node's timers take; longer ones would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delay, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delay, 0), MAX_DELAY));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Milliseconds since the epoch of a wire time; 0 for none, so that a missing time counts as long ago. */
export function millisecondsOf(time: string | undefined): number {
  return time ? Date.parse(time) : 0;
}

/** Resolves after `delay`, or at once when the signal is aborted. */
export function pause(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.schedule(delay, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
