/** Callbacks by signal: a manager's one signal ends hundreds of calls, and Node warns at the eleventh listener. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Runs `callback` when `signal` is aborted; not when it already is. Returns how to take it back. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = waiting.get(signal);
  if (!callbacks) {
    const all = new Set<() => void>();
    callbacks = all;
    waiting.set(signal, all);
    signal.addEventListener('abort', () => {
      for (const each of all) each();
      all.clear();
    }, { once: true });
  }
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

/** The promise, or the signal's reason where that comes first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(reasonOf(signal));
    signal.addEventListener('abort', abort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Resolves after so many milliseconds; rejects with the signal's reason. */
export function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    signal.addEventListener('abort', abort, { once: true });
  });
}

export const reasonOf = (signal: AbortSignal): Error => signal.reason as Error;
