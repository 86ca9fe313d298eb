import { describe, expect, it } from 'vitest';
import { age, elapsed, parseDuration } from './duration.js';
import { table } from './table.js';

describe('age', () => {
  it.each([
    [0, '0s'],
    [119_000, '119s'],
    [125_000, '2m5s'],
    [11 * 60_000 + 5000, '11m'],
    [3 * 3_600_000, '3h'],
    [3 * 3_600_000 + 60_000, '3h1m'],
    [3 * 86_400_000, '3d'],
    [-5000, '0s'],
  ])('%d ms reads %s', (milliseconds, text) => {
    expect(age(milliseconds)).toBe(text);
  });
});

describe('elapsed', () => {
  it.each([
    [3210, '3.2 s'],
    [72_000, '1 min 12 s'],
    [119_900, '2 min 0 s'],
  ])('%d ms reads %s', (milliseconds, text) => {
    expect(elapsed(milliseconds)).toBe(text);
  });
});

describe('parseDuration', () => {
  it.each([
    ['20m', 1_200_000],
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['', undefined],
    ['20', undefined],
    ['m', undefined],
    ['-5m', undefined],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });
});

describe('table', () => {
  it('aligns by what is seen, not by colour codes', () => {
    const green = '\u001b[32mok\u001b[39m';
    expect(
      table([
        ['a', green, 'x'],
        ['bbb', 'failed', 'y'],
        ['c', '', ''],
      ]),
    ).toEqual([`a    ${green}      x`, 'bbb  failed  y', 'c']);
  });
});
