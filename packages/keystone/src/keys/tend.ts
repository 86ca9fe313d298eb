// The step of a key repository: what the verdict asks for, written.
import { Reason } from '@stackwright/api';
import { done, type Amendment, type Outcome, type StepScope } from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import type { Keystone } from '../crd.js';
import { isFull, judge, moved, type Move, type Policy } from './rotation.js';
import { primaryOf, type KeyRepository } from './repository.js';
import { patchOf, type Kept } from './secret.js';

/** What status says of a repository. Times in milliseconds since the epoch. */
export interface KeyState {
  primary: number;
  count: number;
  lastRotation: number;
  nextRotation?: number;
}

/** Timers are no calendars: the clock may have been set meanwhile. */
const longestNap = 3_600_000;

/** `what`: "Fernet", for events. */
export function tendKeys(
  scope: StepScope<Keystone>,
  what: string,
  { secret, keys, ledger }: Kept,
  policy: Policy,
): Outcome<KeyState> {
  const now = scope.clock.now();
  const verdict = judge(keys, ledger, policy, now);
  const { move, due, nextRotation } = verdict;
  if (move) {
    scope.amend(Secret, secret, (random) => {
      const after = moved(keys, ledger, verdict, policy, now, random);
      const event = eventOf(what, move, after.keys, ledger !== undefined);
      return { patch: patchOf(keys, after.keys, after.ledger), ...(event ? { event } : {}) };
    });
  }
  const state = {
    primary: primaryOf(keys),
    count: keys.size,
    lastRotation: ledger?.rotated ?? now,
    ...(nextRotation === undefined ? {} : { nextRotation }),
  };
  const wait = due === undefined ? {} : { after: Math.min(Math.max(due - now, 1_000), longestNap) };
  if (!isFull(keys)) return done(state, wait);
  const message = `There are ${keys.size} keys, and tokens of each may be valid: rotated no more until the oldest may go`;
  return done(state, { ...wait, warning: { reason: Reason.HousekeepingFailed, message } });
}

function eventOf(what: string, move: Move, keys: KeyRepository, wasKnown: boolean): Amendment['event'] | undefined {
  if (move === 'Promote') {
    const note = `${what} key ${primaryOf(keys)} is primary now; what the earlier ones encrypted stays readable`;
    return { reason: Reason.KeysRotated, note };
  }
  if (move !== 'Adopt' || !wasKnown) return undefined;
  return {
    reason: Reason.KeysReplaced,
    note: `${what} keys were replaced by somebody and are used as they are; the time until the next rotation counts from now`,
  };
}
