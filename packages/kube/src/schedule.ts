// Schedules as a CronJob has them: cron's five fields with names, ranges, steps and lists, the usual nicknames, "@every".
import { Cron } from 'croner';

export interface Schedule {
  /** The first time after this one; both in milliseconds since the epoch. Undefined: never again. */
  next(after: number): number | undefined;
}

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const EVERY = '@every ';

/** `timeZone`: of the IANA database; default UTC. Throws an Error that says what is wrong with the schedule. */
export function parseSchedule(text: string, timeZone?: string): Schedule {
  if (text === '') throw new Error('empty spec string');
  if (/^(CRON_)?TZ=/.test(text)) throw new Error('cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  if (text.startsWith(EVERY)) return every(text);
  const pattern = text.startsWith('@') ? NICKNAMES[text] : text;
  if (pattern === undefined) throw new Error(`unrecognized descriptor: ${text}`);
  const fields = pattern.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== FIELDS.length)
    throw new Error(`expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`);
  const values = FIELDS.map((field, index) => valuesOf(fields[index] ?? '', field));
  // A list of nothing, which is a comma, is taken, and never comes.
  if (values.includes('')) return { next: () => undefined };
  const cron = new Cron(values.join(' '), { paused: true, timezone: timeZone ?? 'UTC' });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}

interface Field {
  min: number;
  max: number;
  names: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

/** The values of a field, one by one; "*" where all are meant, which is something else than all of them in a list. */
function valuesOf(text: string, field: Field): string {
  const ranges = text.split(',').filter((range) => range !== '');
  const parsed = ranges.map((range) => rangeOf(range, field));
  return parsed.some(({ star }) => star) ? '*' : [...new Set(parsed.flatMap(({ values }) => values))].join(',');
}

function rangeOf(range: string, field: Field): { values: number[]; star: boolean } {
  const [limits = '', ...steps] = range.split('/');
  const [low = '', ...high] = limits.split('-');
  const star = low === '*' || low === '?';
  if (!star && high.length > 1) throw new Error(`too many hyphens: ${range}`);
  const start = star ? field.min : numberOf(low, field);
  let end = star ? field.max : high[0] === undefined ? start : numberOf(high[0], field);
  if (steps.length > 1) throw new Error(`too many slashes: ${range}`);
  const step = steps[0] === undefined ? 1 : numberOf(steps[0]);
  // "5/15": from there on.
  if (steps.length === 1 && high.length === 0) end = field.max;
  if (start < field.min) throw new Error(`beginning of range (${start}) below minimum (${field.min}): ${range}`);
  if (end > field.max) throw new Error(`end of range (${end}) above maximum (${field.max}): ${range}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${range}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${range}`);
  const count = Math.floor((end - start) / step) + 1;
  return { values: Array.from({ length: count }, (_, index) => start + index * step), star: star && step === 1 };
}

function numberOf(text: string, field?: Field): number {
  const named = field?.names.indexOf(text.toLowerCase()) ?? -1;
  if (field && named >= 0) return named + field.min;
  const problem = /^[+-]?\d+$/.test(text)
    ? Number.isSafeInteger(Number(text))
      ? undefined
      : 'value out of range'
    : 'invalid syntax';
  if (problem)
    throw new Error(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: ${problem}`);
  const value = Number(text);
  if (value < 0) throw new Error(`negative number (${value}) not allowed: ${text}`);
  return value;
}

/** In milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const DURATION = /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/;

/** "@every 1h30m": counted from the last time, not by the clock; in whole seconds, of which it is one at the least. */
function every(text: string): Schedule {
  const duration = text.slice(EVERY.length);
  const [, sign, amounts = ''] = DURATION.exec(duration) ?? [];
  if (sign === undefined) throw new Error(`failed to parse duration ${text}: ${durationProblem(duration)}`);
  const parts = [...amounts.matchAll(/(\d+(?:\.\d*)?|\.\d+)([a-zµμ]+)/g)];
  const interval = parts.reduce((sum, [, value, unit = '']) => sum + Number(value) * (UNITS[unit] ?? 0), 0);
  const step = sign === '-' ? 1000 : Math.max(Math.floor(interval / 1000) * 1000, 1000);
  return { next: (after) => Math.floor(after / 1000) * 1000 + step };
}

function durationProblem(duration: string): string {
  const shown = JSON.stringify(duration);
  const rest = duration.replace(/^[+-]/, '').replace(/^((\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*/, '');
  const [, unit] = /^(?:\d+(?:\.\d*)?|\.\d+)([^\d.]*)/.exec(rest) ?? [];
  if (unit === undefined) return `time: invalid duration ${shown}`;
  return unit === ''
    ? `time: missing unit in duration ${shown}`
    : `time: unknown unit ${JSON.stringify(unit)} in duration ${shown}`;
}

/** Names are those of files in the database: in one case only, and no offsets. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Z]/.test(name) || /\/[a-z]/.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
