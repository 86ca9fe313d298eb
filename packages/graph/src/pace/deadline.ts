import type { Clock } from '@stackwright/core';

/** Runs `work` with a signal that is aborted after `milliseconds`, and does not wait for work that ignores it. */
export async function withDeadline<T>(
  clock: Pick<Clock, 'schedule'>,
  milliseconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = clock.schedule(milliseconds, () =>
    controller.abort(new Error(`No answer within ${milliseconds / 1_000} s`)),
  );
  const either = AbortSignal.any([signal, controller.signal]);
  try {
    either.throwIfAborted();
    return await Promise.race([work(either), rejection(either)]);
  } finally {
    timer.cancel();
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    // An abort reason is an Error wherever our code aborts.
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
