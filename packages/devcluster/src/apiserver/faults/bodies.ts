// Answers that go wrong on their way.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ConnectionLost } from '../intercept.js';
import type { BodyEffect } from './effects.js';

type Body = string | AsyncIterable<string>;

/** The body as the client gets it. `signal`: the client has gone. */
export async function* spoiled(body: Body, effect: BodyEffect, signal: AbortSignal): AsyncGenerator<string> {
  let bytes = 0;
  let lines = 0;
  if (effect.fault === 'short' && effect.lines === 0) return;
  for await (const piece of typeof body === 'string' ? [body] : body) {
    switch (effect.fault) {
      case 'truncate': {
        const left = Math.max(1, effect.bytes) - bytes;
        bytes += piece.length;
        if (piece.length <= left) {
          yield piece;
          break;
        }
        yield piece.slice(0, left);
        // What was written has to leave before the connection does.
        await nextTurn();
        throw new ConnectionLost('the answer was truncated');
      }
      case 'slow':
        for (let from = 0; from < piece.length; from += effect.bytes) {
          yield piece.slice(from, from + effect.bytes);
          await sleep(effect.milliseconds, undefined, { signal }).catch(() => undefined);
        }
        break;
      case 'duplicate':
        yield piece + piece;
        break;
      case 'short':
        yield piece;
        lines += 1;
        if (lines === effect.lines) return;
        break;
      case 'stall':
      case 'garbage': {
        if (lines === effect.lines) {
          if (effect.fault === 'stall') return await gone(signal);
          yield '{"type":"MODIF\n';
        }
        lines += 1;
        yield piece;
      }
    }
  }
}

/** Resolves when the client has gone. */
export function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
