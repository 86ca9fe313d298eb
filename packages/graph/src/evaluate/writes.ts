// What has to be written for a step to have what it wants, with the reason for each write. Pure: a plan shows exactly
// what the engine would do.
import type { KubeObject, Resource } from '@stackwright/kube';
import { controllerOf, isBeingDeleted, KindMissingError } from '@stackwright/core';
import type { UpToDateChildren } from './up-to-date.js';
import { differences, project } from './compare.js';
import { fingerprintOf, hashOf, isNoteOf, noteOf } from './hash.js';
import { defaultNames, type Names } from '../declare/names.js';
import type { ChildReader } from './overlay.js';
import type { FieldPath } from './paths.js';
import type { Amending, Applying, Release, Removal, Want } from './scope.js';

/** Why something is written. */
export type WriteReason =
  /** It does not exist. */
  | 'Missing'
  /** Something else is wanted than was applied last. */
  | 'Changed'
  /** Somebody changed fields that are ours. */
  | 'Drifted'
  /** A step wants it gone. */
  | 'Removed'
  /** No step wants it any more. */
  | 'Unwanted'
  /** A step gives it up. */
  | 'Released'
  /** A step changes what was made once. */
  | 'Amended'
  /** An earlier version made it, which did not mark it. */
  | 'Unmarked';

interface Common {
  step: string;
  resource: Resource;
  name: string;
  /** Of kinds that are in one. */
  namespace: string | undefined;
  why: WriteReason;
}

export type Write = Common &
  (
    | {
        verb: 'apply';
        desired: Readonly<KubeObject>;
        /** What is noted of `desired`. */
        hash: string;
        /** Of `desired`: by this it is known again. */
        fingerprint: string;
        /** What is noted is not of `desired` as it is now: of two writes with one note these may be different. */
        isHeld?: true;
        /** Absent where it is missing. */
        observed?: Readonly<KubeObject>;
        /** What differs from what is there. */
        fields: readonly FieldPath[];
        /** Default: by force. */
        how?: Applying;
        /** How a refusal of the API server is told. Default: in its words. */
        refusal?: (message: string) => string;
      }
    | { verb: 'create'; make: NonNullable<Want['make']> }
    | { verb: 'mark'; observed: Readonly<KubeObject>; mark: NonNullable<Want['mark']> }
    | { verb: 'delete'; observed: Readonly<KubeObject> }
    | { verb: 'release'; observed: Readonly<KubeObject>; /** Uid. */ owner: string }
    | { verb: 'amend'; observed: Readonly<KubeObject>; make: Amending['make'] }
  );

/** What a step says of objects. */
export interface Said {
  wants: readonly Want[];
  removals?: readonly Removal[];
  releases?: readonly Release[];
  amendments?: readonly Amending[];
}

/** In the order in which the step said it, removals first and amendments last. */
export function writesFor(
  { wants, removals = [], releases = [], amendments = [] }: Said,
  upToDate?: UpToDateChildren,
  names: Names = defaultNames,
): Write[] {
  const writes: Write[] = [];
  for (const { step, resource, observed, owner } of releases) {
    if (isBeingDeleted(observed)) continue;
    writes.push({ verb: 'release', why: 'Released', step, resource, ...keyOf(observed), observed, owner });
  }
  for (const { step, resource, observed } of removals) {
    if (isBeingDeleted(observed)) continue;
    writes.push({ verb: 'delete', why: 'Removed', step, resource, ...keyOf(observed), observed });
  }
  for (const want of wants) {
    const write = writeFor(want, names, upToDate);
    if (write) writes.push(write);
  }
  for (const { step, resource, observed, make } of amendments) {
    if (isBeingDeleted(observed)) continue;
    writes.push({ verb: 'amend', why: 'Amended', step, resource, ...keyOf(observed), observed, make });
  }
  return writes;
}

function writeFor(
  { step, resource, name, namespace, observed, desired, make, how, mark, refusal }: Want,
  { annotation }: Names,
  upToDate: UpToDateChildren | undefined,
): Write | undefined {
  const of = { step, resource, name, namespace };
  if (observed && mark !== undefined) return { verb: 'mark', why: 'Unmarked', observed, mark, ...of };
  if (make) return observed ? undefined : { verb: 'create', why: 'Missing', make, ...of };
  if (!desired) return undefined;
  const fingerprint = fingerprintOf(desired);
  if (observed && upToDate?.has(observed, fingerprint)) return undefined;
  const apply = () => {
    const hash = noteOf(desired, fingerprint);
    return {
      verb: 'apply',
      desired,
      hash,
      fingerprint,
      ...of,
      ...(how ? { how } : {}),
      ...(refusal ? { refusal } : {}),
    } as const;
  };
  if (!observed) return { why: 'Missing', fields: [], ...apply() };

  const annotations = observed.metadata?.annotations ?? {};
  const fields = differences(resource, desired, observed);
  if (!isNoteOf(annotations[annotation.desiredHash] ?? '', desired, fingerprint)) {
    return { why: 'Changed', observed, fields, ...apply() };
  }
  if (fields.length > 0 && annotations[annotation.acceptedHash] !== acceptedHashOf(resource, desired, observed)) {
    return { why: 'Drifted', observed, fields, ...apply() };
  }
  upToDate?.add(observed, fingerprint);
  return undefined;
}

export function keyOf({ metadata }: Readonly<KubeObject>): { name: string; namespace: string | undefined } {
  return { name: metadata?.name ?? '', namespace: metadata?.namespace };
}

/** The server may say the same otherwise than we do. The hash of its wording tells that from somebody's change. */
export function acceptedHashOf(
  resource: Resource,
  desired: Readonly<KubeObject>,
  observed: Readonly<KubeObject>,
): string {
  return hashOf(project(resource, desired, observed));
}

/** What an object controls, by uid. Throws a CacheNotSyncedError rather than to say that there is nothing. */
export function childrenOf(reader: ChildReader, resource: Resource, uid: string): readonly Readonly<KubeObject>[] {
  return unlessMissing(resource, () => reader.ownedBy(resource, uid)).filter(
    (child) => controllerOf(child)?.uid === uid,
  );
}

/** Of a kind that not every cluster serves, and this one does not, there are no objects either. */
export function unlessMissing<T>({ optional }: Resource, look: () => readonly T[]): readonly T[] {
  try {
    return look();
  } catch (error) {
    if (optional && error instanceof KindMissingError) return [];
    throw error;
  }
}
