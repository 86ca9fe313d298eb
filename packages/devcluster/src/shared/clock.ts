// Time as the workload controllers and the node agent see it, so that tests and simulations own it.

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

/** metav1.Time: RFC 3339 with a precision of one second. */
export function rfc3339(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime, as Leases need it. */
export function rfc3339Micro(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, -1)}000Z`;
}

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
