import { describe, expect, it } from 'vitest';
import { isTimeZone, parseSchedule } from './schedule.js';

const at = (time: string): number => Date.parse(time);
const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace('.000Z', 'Z');
const next = (schedule: string, after: string, timeZone?: string): string | undefined =>
  iso(parseSchedule(schedule, timeZone).next(at(after)));

describe('a schedule', () => {
  it.each<[string, string, string, string?]>([
    ['*/5 * * * *', '2025-06-01T12:00:00Z', '2025-06-01T12:05:00Z'],
    ['0 4 * * mon', '2025-06-01T12:00:00Z', '2025-06-02T04:00:00Z'],
    ['@daily', '2025-06-01T12:00:00Z', '2025-06-02T00:00:00Z'],
    ['0 0 31 * ?', '2025-06-01T12:00:00Z', '2025-07-31T00:00:00Z'],
    // Either the day of the month or that of the week.
    ['0 0 13 * 5', '2025-06-01T12:00:00Z', '2025-06-06T00:00:00Z'],
    ['@every 1h30m', '2025-06-01T12:00:07Z', '2025-06-01T13:30:07Z'],
    ['0 2 * * *', '2025-06-01T12:00:00Z', '2025-06-02T00:00:00Z', 'Europe/Berlin'],
    ['0 2 * * *', '2025-12-01T12:00:00Z', '2025-12-02T01:00:00Z', 'Europe/Berlin'],
  ])('%s after %s is due at %s', (schedule, after, expected, timeZone) => {
    expect(next(schedule, after, timeZone)).toBe(expected);
  });

  it.each(['* * * *', '* * * * * *', '61 * * * *', '@sometimes', '@every soon', 'TZ=UTC * * * * *', ''])(
    '"%s" is none',
    (schedule) => {
      expect(() => parseSchedule(schedule)).toThrow();
    },
  );

  it('has a time zone that exists', () => {
    expect(['Europe/Berlin', 'UTC', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
  });
});
