import { vi } from 'vitest';
import { target } from './target.js';

/** Asks again until nothing throws any more: a cluster does most things in its own time. */
export function eventually<T>(check: () => Promise<T> | T): Promise<T> {
  return vi.waitFor(check, { timeout: target.patience, interval: target.patience > 30_000 ? 250 : 50 });
}
