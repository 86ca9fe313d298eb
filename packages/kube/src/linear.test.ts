// Texts that users write are read by the loop that works for all: one of any length is read, or refused, in one pass.
import { describe, expect, it } from 'vitest';
import { compareQuantities, isQuantity, parseQuantity } from './quantity.js';
import { parseSchedule } from './schedule.js';
import { parseSelector } from './selectors.js';

const length = 60_000;
/** Milliseconds of processor time, which other processes do not add to; the square of the length would be several times that. */
const bound = 1_000;

const long = (word: string) => word.repeat(length / word.length);
const attempt = (work: () => unknown): number => {
  const before = process.cpuUsage();
  try {
    work();
  } catch {
    // Refused is as good.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

const words = [
  '1',
  '0',
  '.',
  '1.',
  'e',
  '+',
  '-',
  'a',
  ',',
  'a,',
  '(',
  ')',
  'in (',
  '=',
  ' ',
  '1s',
  '1.s',
  '*',
  '*,',
  '/',
];

describe.each<[string, (text: string) => unknown]>([
  ['a quantity', (text) => isQuantity(text) && parseQuantity(text)],
  ['the comparison of quantities', (text) => compareQuantities('1', text)],
  ['a schedule', parseSchedule],
  ['an interval', (text) => parseSchedule(`@every ${text}`)],
  ['a selector', parseSelector],
])('%s', (_what, read) => {
  it('is read in a time that its length is worth', () => {
    for (const word of words)
      for (const text of [long(word), `${long(word)}!`, `1${long(word)}Gi`])
        expect(
          attempt(() => read(text)),
          `${word}, many times`,
        ).toBeLessThan(bound);
  });
});

it('a quantity has 256 characters at most, and is quoted in part where it is refused', () => {
  expect(isQuantity('1'.repeat(256))).toBe(true);
  expect(isQuantity('1'.repeat(257))).toBe(false);
  expect(() => parseQuantity('1'.repeat(257))).toThrow(`"${'1'.repeat(32)}…" is not a quantity`);
});
