// Waiting for time or for a signal, on the clock seam.
import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.js';

/** Resolves after `milliseconds`; rejects with the signal's reason when it is aborted before. */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(reasonOf(signal));
    const onAbort = () => {
      timer.cancel();
      if (signal) reject(reasonOf(signal));
    };
    const timer = clock.schedule(milliseconds, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** As `promise`, but rejects with the signal's reason when that is aborted before. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(reasonOf(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** True when `promise` settled within `milliseconds`. */
export async function settlesWithin(clock: Clock, milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
  const cancel = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const late = sleep(clock, milliseconds, cancel.signal).then(
    () => false,
    () => true,
  );
  const result = await Promise.race([settled, late]);
  cancel.abort();
  return result;
}

/** Lets the event loop turn once: for work that would otherwise hold up the renewal of a lease. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('Aborted');
}

/** For a signal that lives as long as the process and that everything in it listens to: no leak, however many do. */
export function lasting(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
