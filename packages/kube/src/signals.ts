/** Callbacks by signal: a manager's one signal ends hundreds of calls, and Node warns at the eleventh listener. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Runs `callback` when `signal` is aborted; not when it already is. Returns how to take it back. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = waiting.get(signal);
  if (!callbacks) {
    const all = new Set<() => void>();
    callbacks = all;
    waiting.set(signal, all);
    signal.addEventListener(
      'abort',
      () => {
        for (const each of all) each();
        all.clear();
      },
      { once: true },
    );
  }
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

/** Ends one call, whoever wants it ended. What an AbortController is for, without what that costs for each of many calls. */
export class Cancellation {
  #callback: (() => void) | undefined;
  #reason: Error | undefined;
  cancelled = false;

  get reason(): Error {
    return this.#reason ?? new Error('not cancelled');
  }

  cancel(reason: unknown): void {
    if (this.cancelled) return;
    this.cancelled = true;
    // What a caller aborts with may be anything, and is passed on as it is.
    this.#reason = reason as Error;
    this.#callback?.();
  }

  /** What is under way, and therefore to be ended: one thing at a time. */
  onCancel(callback: () => void): void {
    this.#callback = callback;
  }
}

/** The promise, or the reason of the cancellation where that comes first. */
export function unlessCancelled<T>(promise: Promise<T>, cancellation: Cancellation): Promise<T> {
  return new Promise((resolve, reject) => {
    cancellation.onCancel(() => reject(cancellation.reason));
    promise.then(resolve, reject);
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
