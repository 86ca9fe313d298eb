// The reflector against servers that do what they want: however they answer, they are not asked without a pause, and once they
// behave, the copy is what they hold.
import { ApiError, Secret } from '@stackwright/kube';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { apiError, FakeClient, FakeClock, recordingLogger, SeededRandom } from '../testing/index.js';
import { CacheNotSyncedError } from './cache.js';
import { InformerCache } from './informer-cache.js';

const lost = (reason: 'ConnectionFailed' | 'Timeout', code?: string): ApiError =>
  new ApiError({ code: 0, reason, message: reason, cause: Object.assign(new Error(code), { code }) });

const error: fc.Arbitrary<ApiError> = fc.constantFrom(
  lost('ConnectionFailed', 'ECONNRESET'),
  lost('ConnectionFailed', 'ECONNREFUSED'),
  lost('Timeout'),
  apiError(401, 'Unauthorized'),
  apiError(403, 'Forbidden'),
  apiError(404, 'NotFound'),
  apiError(410, 'Expired'),
  apiError(422, 'Invalid'),
  apiError(429, 'TooManyRequests', 'busy', 0),
  apiError(429, 'TooManyRequests', 'busy', 3_600_000),
  apiError(500, 'InternalError'),
  apiError(503, 'ServiceUnavailable', 'away', 0),
  apiError(504, 'Timeout', 'Too large resource version: 5, current: 4'),
);

type Whim =
  /** The call is refused. */
  | { refuse: ApiError }
  /** A watch ends after so many milliseconds, in which it brings something; lists are answered. */
  | { end: ApiError | undefined; after: number; changes: number; bookmark: boolean };

const whim: fc.Arbitrary<Whim> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ refuse: error }) },
  {
    weight: 2,
    arbitrary: fc.record({
      end: fc.option(error, { nil: undefined }),
      after: fc.constantFrom(0, 1, 900, 1_100, 5_000, 9_900),
      changes: fc.nat(2),
      bookmark: fc.boolean(),
    }),
  },
);

const minutes = 10;

it('asks less often than every other second whatever comes back, and shows what there is when the server behaves', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(whim, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      fc.nat(),
      async (whims, streams, compacts, seed) => {
        const clock = new FakeClock();
        const client = new FakeClient(clock);
        client.streams = streams;
        const stop = new AbortController();
        const bound = minutes * 30;
        let calls = 0;
        let made = 0;
        const make = () => client.seed(Secret, { metadata: { namespace: 'ns', name: `s-${made++}` } });
        client.before = () => {
          // What asks without a pause would never let go of this process.
          if (++calls > 2 * bound) stop.abort();
          const now = whims[calls % whims.length];
          if (now && 'refuse' in now) throw now.refuse;
        };
        client.after = ({ verb }) => {
          const now = whims[calls % whims.length];
          if (verb !== 'watch' || !now || 'refuse' in now) return;
          clock.schedule(now.after, () => {
            for (let change = 0; change < now.changes; change++) void make();
            if (now.bookmark) client.bookmark();
            if (compacts) client.compact();
            client.endWatches(now.end);
          });
        };
        const random = new SeededRandom(seed);
        const cache = new InformerCache({ client, clock, random, log: recordingLogger(), namespaces: [] });
        const informer = cache.informer(Secret);
        void cache.run(stop.signal);
        await clock.advance(minutes * 60_000);
        expect(calls).toBeLessThan(bound);

        client.before = undefined;
        client.after = undefined;
        client.endWatches(lost('ConnectionFailed', 'ECONNRESET'));
        await make();
        await clock.advance(5 * 60_000);
        const shown = () => cache.list(Secret).length;
        expect(shown).not.toThrow(CacheNotSyncedError);
        expect([informer.hasSynced(), informer.isMissing(), shown()]).toEqual([true, false, made]);
        stop.abort();
      },
    ),
    { numRuns: 150 },
  );
});
