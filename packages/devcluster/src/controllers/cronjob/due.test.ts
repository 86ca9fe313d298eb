import { parseSchedule } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { due } from './due.js';

const at = (time: string): number => Date.parse(time);
const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace('.000Z', 'Z');

describe('what is due', () => {
  const hourly = parseSchedule('0 * * * *');
  it.each<[string, string, string, string | undefined, number]>([
    ['nothing, before its time', '2025-06-01T12:00:00Z', '2025-06-01T12:59:59Z', undefined, 0],
    ['its time', '2025-06-01T12:00:00Z', '2025-06-01T13:00:00Z', '2025-06-01T13:00:00Z', 1],
    ['the last of several', '2025-06-01T12:00:00Z', '2025-06-01T15:30:00Z', '2025-06-01T15:00:00Z', 3],
  ])('is %s', (_what, since, now, time, missed) => {
    const found = due(hourly, at(since), at(now));
    expect([iso(found.time), found.missed]).toEqual([time, missed]);
  });

  it('is the last one even of very many', () => {
    const found = due(parseSchedule('* * * * *'), at('2020-01-01T00:00:00Z'), at('2025-06-01T12:00:30Z'));
    expect(iso(found.time)).toBe('2025-06-01T12:00:00Z');
    expect(found.missed).toBeGreaterThan(100);
  });

  it('is nothing that is past its deadline', () => {
    const now = at('2025-06-01T13:10:00Z');
    expect(due(hourly, at('2025-06-01T12:00:00Z'), now, now - 60_000).time).toBeUndefined();
  });
});
