// A rate limit per key: a burst at first, then one at a time. Remembers only so many keys, the least recently used go.
import type { Clock } from '../seams/clock.js';

export interface TokenBucketOptions {
  clock: Pick<Clock, 'monotonic'>;
  burst: number;
  /** Milliseconds until another one is allowed. */
  interval: number;
  /** How many keys are remembered. */
  capacity: number;
}

export class TokenBuckets {
  readonly #options: TokenBucketOptions;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(options: TokenBucketOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token of the key; false: there is none. */
  take(key: string): boolean {
    const { clock, burst, interval, capacity } = this.#options;
    const now = clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / interval);
    bucket.at = now;
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens--;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > capacity) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    return allowed;
  }
}
