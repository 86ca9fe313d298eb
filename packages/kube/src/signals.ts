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
