// Schedules as a CronJob has them: cron's five fields, the usual names, "@every".
import { Cron } from 'croner';

export interface Schedule {
  /** The first time after this one; both in milliseconds since the epoch. Undefined: never again. */
  next(after: number): number | undefined;
}

const ALIASES: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const UNITS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000 };

/** `timeZone`: of the IANA database; default UTC. Throws an Error that says what is wrong with the schedule. */
export function parseSchedule(text: string, timeZone?: string): Schedule {
  const trimmed = text.trim();
  if (/^(CRON_)?TZ=/.test(trimmed)) throw new Error('cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  if (trimmed.startsWith('@every ')) return every(trimmed.slice('@every '.length).trim());
  const fields = ALIASES[trimmed] ?? trimmed;
  if (fields.startsWith('@')) throw new Error(`unrecognized descriptor: ${trimmed}`);
  const count = fields.split(/\s+/).length;
  if (count !== 5) throw new Error(`expected exactly 5 fields, found ${count}: [${fields.split(/\s+/).join(' ')}]`);
  // In Kubernetes a question mark is a star; to the library it would be the present time.
  const cron = new Cron(fields.replaceAll('?', '*'), { paused: true, timezone: timeZone ?? 'UTC' });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}

/** "@every 1h30m": counted from the last time, not by the clock. */
function every(duration: string): Schedule {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(h|m|s)/g)];
  const interval = parts.reduce((sum, [, value, unit = '']) => sum + Number(value) * (UNITS[unit] ?? 0), 0);
  if (parts.map(([part]) => part).join('') !== duration || interval < 1000)
    throw new Error(`failed to parse duration @every ${duration}: time: invalid duration "${duration}"`);
  const step = Math.floor(interval / 1000) * 1000;
  return { next: (after) => Math.floor(after / 1000) * 1000 + step };
}

export function isTimeZone(name: string): boolean {
  try {
    return name !== '' && Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
