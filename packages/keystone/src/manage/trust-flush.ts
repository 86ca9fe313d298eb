// `keystone-manage trust_flush` takes a date, and a CronJob has none to give: it is worked out when the Job runs.
import { readFileSync } from 'node:fs';

const program = readFileSync(new URL('./trust_flush.py', import.meta.url), 'utf8');

/** Drops trusts that expired, or were deleted, more than so many days ago. */
export function trustFlushCommand(days: number): readonly string[] {
  return ['python3', '-c', program, String(days)];
}
