// Time, as everything in a controller sees it.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch: for timestamps that people read. */
  now(): number;
  /** Milliseconds on a clock that never jumps: for deadlines, back-off and leases. */
  monotonic(): number;
  /** Runs `callback` once after `delay` milliseconds; delays beyond 2^31-1 ms are clamped, not fired at once. */
  schedule(delay: number, callback: () => void): Timer;
}
