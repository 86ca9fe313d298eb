import { describe, expect, it } from 'vitest';
import { median, quantile, summarize } from './statistics.js';

describe('statistics', () => {
  it('takes the middle, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });

  it('takes quantiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(quantile(hundred, 0.5)).toBe(50);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile(hundred, 1)).toBe(100);
    expect(quantile([3], 0.99)).toBe(3);
  });

  it('says how often it was measured and how far apart', () => {
    expect(summarize([2, 8, 4])).toEqual({ median: 4, min: 2, max: 8, count: 3 });
    expect(summarize([])).toBeUndefined();
  });
});
