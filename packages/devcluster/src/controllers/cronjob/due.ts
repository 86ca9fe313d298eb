// When a CronJob is due.
import type { Schedule } from '@stackwright/kube';

export interface Due {
  /** The last time that has passed since the CronJob last ran; undefined: none has. */
  time: number | undefined;
  /** How many have passed; counted up to 100 or so. */
  missed: number;
}

const COUNTED = 100;

/** @param since when it last ran, or was made. Times before `deadline` do not count any more. */
export function due(schedule: Schedule, since: number, now: number, deadline?: number): Due {
  let time: number | undefined;
  let missed = 0;
  let from = Math.max(since, deadline ?? since);
  for (let next = schedule.next(from); next !== undefined && next <= now; next = schedule.next(from)) {
    missed += 1;
    time = next;
    from = next;
    // Too many to go through one by one: near the end of the time they are as good.
    if (missed > COUNTED) {
      const second = schedule.next(next);
      const step = second === undefined ? 0 : second - next;
      const jump = now - 2 * step;
      if (step > 0 && jump > from) from = jump;
    }
  }
  return { time, missed };
}
