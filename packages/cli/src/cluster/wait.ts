import { setTimeout as delay } from 'node:timers/promises';

/**
 * Looks again and again until `look` gives something else than undefined. Rejects with the signal's reason when it is
 * aborted.
 */
export async function until<T>(
  look: () => Promise<T | undefined>,
  { every, signal }: { every: number; signal: AbortSignal },
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const result = await look();
    if (result !== undefined) return result;
    await delay(every, undefined, { signal });
  }
}
