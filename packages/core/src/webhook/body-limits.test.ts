import { expect, it } from 'vitest';
import { maxConversion } from './body-limits.js';

const mebi = 1024 * 1024;

it.each([
  [undefined, 128],
  [0, 128],
  [2 ** 63, 128],
  [1024 * mebi, 102.4],
  [256 * mebi, 25.6],
  [64 * mebi, 12],
])(
  'a conversion in a container of %d bytes has at most %d MiB, so that nobody who sends one ends it',
  (memory, most) => {
    expect(maxConversion(memory)).toBe(Math.floor(most * mebi));
  },
);
