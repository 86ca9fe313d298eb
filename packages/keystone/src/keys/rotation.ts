// What is to be done with a key repository, and when. Pure: the time is given.
//
// A rotation is two writes. Promote: the staged key gets the highest number as well, so that at no moment, not even while a
// kubelet puts new files in place of old ones, a Pod lacks the key with which another one encrypts already. Stage: when all
// kubelets have that, 0 becomes a new key. Which half comes next is seen from the keys alone.
import type { Schedule } from '@stackwright/kube';
import type { Random } from '@stackwright/core';
import type { Ledger, TokenKey } from './ledger.js';
import { fernetKey, fingerprintOf, lacksStaged, primaryOf, retiredOf, type KeyRepository } from './repository.js';

export interface Policy {
  /** Undefined: only on request. */
  schedule: Schedule | undefined;
  /** Another value than the one last fulfilled asks for a rotation. */
  request: string | undefined;
  /** Milliseconds until a change has reached every Pod. */
  propagation: number;
  /** How many keys are kept even if nothing needs them any more. */
  atLeast: number;
  /** Of keys that sign tokens: how long a token lives now, and for how long an expired one is taken. Seconds. */
  tokens?: { expiration: number; allowExpired: number };
}

/** What a step does with the Secret. */
export type Move = 'Adopt' | 'Promote' | 'Stage' | 'Drop' | 'Note';

export interface Verdict {
  /** What is to be done now. */
  move?: Move;
  /** Of `Drop`: keys that nothing needs any more. */
  drop: readonly number[];
  /** When there may be something to do next. */
  due?: number;
  /** When the next rotation is planned; it may have to wait for something else then. */
  nextRotation?: number;
}

/** A Secret and its annotations have limits: of keys that are rotated every few minutes, and of which none may go yet. */
export const isFull = (keys: KeyRepository): boolean => keys.size >= 1_000;

export function judge(keys: KeyRepository, ledger: Ledger | undefined, policy: Policy, now: number): Verdict {
  // Made by hand, restored from a backup, or by a version that kept no ledger: taken as it is.
  if (ledger?.keys !== fingerprintOf(keys)) return { move: 'Adopt', drop: [] };
  const primary = primaryOf(keys);
  const settled = ledger.changed + policy.propagation;
  const isAsked = policy.request !== undefined && policy.request !== ledger.requested;
  const planned = isAsked ? settled : policy.schedule?.next(ledger.rotated);
  const nextRotation = planned === undefined ? undefined : Math.max(planned, settled);
  const { drop, due: expires } = dropped(keys, ledger, policy, now);
  const next = (move: Move | undefined, ...times: (number | undefined)[]): Verdict => {
    const later = times.filter((time) => time !== undefined && time > now) as number[];
    return {
      ...(move ? { move } : {}),
      drop: move === 'Drop' ? drop : [],
      ...(later.length > 0 ? { due: Math.min(...later) } : {}),
      ...(nextRotation === undefined ? {} : { nextRotation }),
    };
  };
  const known = ledger.tokens?.[primary]?.expiration ?? 0;
  // Before Pods give tokens of the longer life.
  if (policy.tokens && policy.tokens.expiration > known) return next('Note', settled);
  if (lacksStaged(keys) && settled <= now) return next('Stage');
  if (drop.length > 0) return next('Drop', settled);
  // Without a staged key of its own there is nothing to promote.
  if (lacksStaged(keys)) return next(undefined, settled, expires);
  const isMigrated = policy.tokens !== undefined || ledger.migrated === primary;
  if (nextRotation !== undefined && nextRotation <= now && isMigrated && !isFull(keys)) return next('Promote');
  return next(undefined, nextRotation, expires);
}

/** The keys and the ledger after a move. */
export function moved(
  keys: KeyRepository,
  ledger: Ledger | undefined,
  { move, drop }: Pick<Verdict, 'move' | 'drop'>,
  policy: Policy,
  now: number,
  random: Random,
): { keys: KeyRepository; ledger: Ledger } {
  const after = new Map(keys);
  const note: Ledger = ledger ? { ...ledger } : { keys: '', changed: now, rotated: now };
  const tokens: Record<string, TokenKey> = { ...ledger?.tokens };
  const life = policy.tokens && { expiration: policy.tokens.expiration };
  for (const index of drop) {
    after.delete(index);
    delete tokens[index];
  }
  const primary = primaryOf(keys);
  switch (move) {
    case 'Adopt':
      // Fulfilled as far as anybody can know; and nobody knows since when a key has been retired.
      Object.assign(note, { changed: now, rotated: now }, { requested: ledger ? ledger.requested : policy.request });
      delete note.migrated;
      for (const index of Object.keys(tokens)) if (!keys.has(Number(index))) delete tokens[index];
      if (life) {
        for (const index of retiredOf(keys)) tokens[index] = { ...longer(tokens[index], life), retired: now };
        tokens[primary] = { expiration: longer(tokens[primary], life).expiration };
      }
      break;
    case 'Promote':
      after.set(primary + 1, keys.get(0) ?? '');
      Object.assign(note, { changed: now, rotated: now, requested: policy.request });
      if (life) {
        tokens[primary] = { ...longer(tokens[primary], life), retired: now };
        tokens[primary + 1] = life;
      }
      break;
    case 'Stage':
      after.set(0, fernetKey(random));
      note.changed = now;
      break;
    case 'Note':
      if (life) tokens[primary] = longer(tokens[primary], life);
      break;
    case 'Drop':
    case undefined:
      break;
  }
  if (note.requested === undefined) delete note.requested;
  return { keys: after, ledger: { ...note, ...(life ? { tokens } : {}), keys: fingerprintOf(after) } };
}

/**
 * Retired keys that may go: the oldest beyond those that are kept in any case, when nothing encrypted with them is of use any
 * more. Of tokens that is a matter of time: Pods sign with a key until they have the next one, a token lives, and services
 * take an expired one for a while. Of credentials it is when all are encrypted with a later key.
 */
function dropped(
  keys: KeyRepository,
  ledger: Ledger,
  { atLeast, propagation, tokens }: Policy,
  now: number,
): { drop: number[]; due?: number } {
  const excess = keys.size - atLeast;
  const retired = retiredOf(keys);
  if (excess <= 0) return { drop: [] };
  const end = (index: number): number | undefined => {
    if (!tokens) return ledger.migrated !== undefined && index < ledger.migrated ? now : undefined;
    const { retired: since = ledger.changed, expiration = tokens.expiration } = ledger.tokens?.[index] ?? {};
    return since + propagation + (expiration + tokens.allowExpired) * 1_000;
  };
  const ends = retired.map((index) => ({ index, at: end(index) }));
  const drop = ends.flatMap(({ index, at }) => (at !== undefined && at <= now ? [index] : [])).slice(0, excess);
  const later = ends.flatMap(({ at }) => (at !== undefined && at > now ? [at] : []));
  return drop.length < excess && later.length > 0 ? { drop, due: Math.min(...later) } : { drop };
}

const longer = (known: TokenKey | undefined, life: TokenKey): TokenKey => ({
  ...known,
  expiration: Math.max(known?.expiration ?? 0, life.expiration),
});
