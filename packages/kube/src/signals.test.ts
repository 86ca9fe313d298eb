import { expect, it, vi } from 'vitest';
import { onAbort } from './signals.js';

it('calls everyone who still waits, over one listener', () => {
  const controller = new AbortController();
  const listen = vi.spyOn(controller.signal, 'addEventListener');
  const calls: string[] = [];
  onAbort(controller.signal, () => calls.push('a'));
  const forget = onAbort(controller.signal, () => calls.push('b'));
  onAbort(controller.signal, () => calls.push('c'));
  forget();
  controller.abort();
  expect(calls).toEqual(['a', 'c']);
  expect(listen).toHaveBeenCalledTimes(1);
});
