import { describe, expect, it } from 'vitest';
import { TerminalError } from '../reconciler.js';
import { kindOfFailure } from './failures.js';

const { signal } = new AbortController();

describe('kindOfFailure', () => {
  it.each([
    ['a bug', new TypeError('undefined is not a function'), 'panic'],
    ['something that is no error', 'text', 'panic'],
    [
      'a network that failed under fetch()',
      new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }),
      'error',
    ],
    ['what cannot be helped', new TerminalError('no such release'), 'terminal'],
  ])('%s', (_what, error, kind) => {
    expect(kindOfFailure(error, signal)).toBe(kind);
  });
});
