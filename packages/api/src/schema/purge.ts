// Services that mark rows as deleted, and have a command that drops them later.
import { Type, type Static } from '@sinclair/typebox';
import { cronSchedule } from './fields.js';

/** `what` is purged: "images". Spread it into a spec as `purge: purge('images')`. */
export const purge = (what: string, { olderThanDays = 30, schedule = '23 3 * * *' } = {}) =>
  Type.Object(
    {
      schedule: cronSchedule('When, as a CronJob has it, in UTC.', schedule),
      olderThanDays: Type.Integer({
        description: 'For how many days deleted rows are kept, for those who want to know what there was.',
        minimum: 1,
        maximum: 36_500,
        default: olderThanDays,
      }),
      suspend: Type.Boolean({ description: 'True: nothing is purged for now.', default: false }),
    },
    { description: `Drops what the database still holds of ${what} that were deleted long ago.`, default: {} },
  );

export type Purge = Static<ReturnType<typeof purge>>;
