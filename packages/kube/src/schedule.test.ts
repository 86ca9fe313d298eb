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
    // All of them in a list are not a star: either day counts.
    ['0 0 13 * 0-6', '2025-06-01T12:00:00Z', '2025-06-02T00:00:00Z'],
    ['5/20 * * * *', '2025-06-01T12:06:00Z', '2025-06-01T12:25:00Z'],
    ['0 0 1 JAN-mar *', '2025-04-01T12:00:00Z', '2026-01-01T00:00:00Z'],
    ['*/20,7 * * * *', '2025-06-01T12:01:00Z', '2025-06-01T12:07:00Z'],
    ['@every 10ms', '2025-06-01T12:00:07Z', '2025-06-01T12:00:08Z'],
    ['@every 1h30m', '2025-06-01T12:00:07Z', '2025-06-01T13:30:07Z'],
    ['0 2 * * *', '2025-06-01T12:00:00Z', '2025-06-02T00:00:00Z', 'Europe/Berlin'],
    ['0 2 * * *', '2025-12-01T12:00:00Z', '2025-12-02T01:00:00Z', 'Europe/Berlin'],
  ])('%s after %s is due at %s', (schedule, after, expected, timeZone) => {
    expect(next(schedule, after, timeZone)).toBe(expected);
  });

  // In the words of the parser that Kubernetes has.
  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['* * * * * *', 'expected exactly 5 fields, found 6: [* * * * * *]'],
    ['61 * * * *', 'end of range (61) above maximum (59): 61'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['9-5 * * * *', 'beginning of range (9) beyond end of range (5): 9-5'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/2/3 * * * *', 'too many slashes: */2/3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['L * * * *', 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'],
    ['* * * * mon#1', 'failed to parse int from mon#1: strconv.Atoi: parsing "mon#1": invalid syntax'],
    ['@sometimes', 'unrecognized descriptor: @sometimes'],
    [' @daily', 'expected exactly 5 fields, found 1: [@daily]'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
    ['@every 5', 'failed to parse duration @every 5: time: missing unit in duration "5"'],
    ['@every 5d', 'failed to parse duration @every 5d: time: unknown unit "d" in duration "5d"'],
    ['TZ=UTC * * * * *', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
    ['', 'empty spec string'],
  ])('"%s" is none: %s', (schedule, problem) => {
    expect(() => parseSchedule(schedule)).toThrow(new Error(problem));
  });

  it('of nothing never comes', () => {
    expect(next(', * * * *', '2025-06-01T12:00:00Z')).toBeUndefined();
  });

  it('has a time zone that exists', () => {
    expect(['Europe/Berlin', 'UTC', 'US/Pacific', 'Asia/Calcutta'].filter((name) => !isTimeZone(name))).toEqual([]);
    expect(['Mars/Olympus', 'europe/berlin', 'utc', 'EUROPE/BERLIN', '+01:00', ''].filter(isTimeZone)).toEqual([]);
  });
});
