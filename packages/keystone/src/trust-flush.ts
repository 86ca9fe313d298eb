// `keystone-manage trust_flush` takes a date, and a CronJob has none to give: it is worked out when the Job runs.
const program = `
import datetime, sys
from keystone.cmd.manage import main
days = datetime.timedelta(days=int(sys.argv.pop(1)))
date = datetime.datetime.now(datetime.timezone.utc) - days
sys.argv += ['trust_flush', '--date', date.strftime('%d-%m-%Y')]
main()
`.trim();

/** Drops trusts that expired, or were deleted, more than so many days ago. */
export function trustFlushCommand(days: number): readonly string[] {
  return ['python3', '-c', program, String(days)];
}
