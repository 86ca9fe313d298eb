import { describe, expect, it } from 'vitest';
import { compareQuantities, isQuantity, parseQuantity } from './quantity.js';

describe('quantities', () => {
  it.each([
    ['1', 1],
    ['500m', 0.5],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['.5', 0.5],
    ['5.', 5],
    ['-2k', -2000],
    ['1e3', 1000],
    ['1E-3', 0.001],
    ['1E', 1e18],
    ['1Ei', 2 ** 60],
    [2.5, 2.5],
  ])('%s is %d', (text, amount) => expect(parseQuantity(text)).toBe(amount));

  it.each(['', '1GB', 'Gi', '1 Gi', '--1', '1e', '1e1000'])('"%s" is none', (text) => {
    expect(isQuantity(text)).toBe(false);
    expect(() => parseQuantity(text)).toThrow(TypeError);
  });

  it('compares exactly', () => {
    expect(compareQuantities('0.1', '100m')).toBe(0);
    expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
    expect(compareQuantities('1Gi', '1G')).toBeGreaterThan(0);
    expect(compareQuantities('9007199254740993', '9007199254740992')).toBeGreaterThan(0);
    expect(compareQuantities('-1', 1)).toBeLessThan(0);
    expect(compareQuantities('0.1n', '1n')).toBe(0);
  });
});
