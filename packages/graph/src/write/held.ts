// What steps made that do not say at the moment what they want: they are blocked, or failed before they had said it. It stays as
// it was applied last: made again where somebody deletes it, set right where somebody changes it. What runs is looked after,
// whatever is wrong with what is wanted next.
import { isForbidden, keyOf, qualifiedName, type KubeObject, type ObjectKey, type Resource } from '@stackwright/kube';
import { CacheNotSyncedError, findCondition, isBeingDeleted, scrub, type Clock, type Logger } from '@stackwright/core';
import { differences, valueAt } from '../evaluate/compare.js';
import type { FieldPath } from '../evaluate/paths.js';
import { isSame } from '../evaluate/same.js';
import { asMadeAnew } from '../evaluate/made-anew.js';
import type { Evaluation } from '../evaluate/evaluate.js';
import { fingerprintOf } from '../evaluate/hash.js';
import type { ChildReader } from '../evaluate/overlay.js';
import type { Write } from '../evaluate/writes.js';
import { longestRetry, shortestRetry } from '../pace/retries.js';
import type { StepFailure } from '../status/failure.js';
import type { ReconciledStatus } from '../status/status.js';
import type { Reconciled } from '../declare/step.js';
import type { OwnedChild } from './children.js';
import { heldBy, isHoldable, type IsHeld } from './holdable.js';
import { lastApplied } from './last-applied.js';
import {
  readRecord,
  recordable,
  removeRecord,
  writeRecord,
  type HeldChild,
  type RecordContext,
} from './held-record.js';

/** Milliseconds after which what waits is written down, too; what has failed is at once. Most waits are over by then. */
const recordedAfter = 30_000;
/** Milliseconds after which the removal of what was written down is tried again: a later process would take it for the last. */
const removedAgainAfter = { atFirst: shortestRetry, later: longestRetry };
/** Milliseconds for which an object is not said to be well because of that: a process that finds it well looks for no record. */
const longestRemoval = 30_000;

export interface HeldInput<R extends Reconciled> extends RecordContext<R> {
  readonly evaluation: Evaluation<R>;
  readonly failures: ReadonlyMap<string, StepFailure>;
  /** All kinds that the object may have children of, and those that there are. */
  readonly owns: readonly Resource[];
  readonly children: readonly OwnedChild[];
  readonly reader: ChildReader;
  /** What this reconcile has written so far. */
  readonly written: readonly Write[];
  readonly log: Logger;
}

interface Seen {
  /** They are in the cache anyway, unless they have gone since. */
  readonly children: readonly OwnedChild[];
  /** Uids of those that a step has removed, and that the cache may still show. */
  readonly removed: ReadonlySet<string>;
}

interface Owner {
  readonly held: Map<string, HeldChild>;
  /** On the monotonic clock: since when anything is held that is to be written down. */
  since: number | undefined;
  /** Hash of what is written down. Undefined: nothing is. */
  record: string | undefined;
  /** On the monotonic clock: since when it cannot be removed. */
  stuck?: number;
}

/** What is written down of what is held: so that it outlasts the process; only by others, and read. */
export type Records = 'Kept' | 'Read';

export class HeldChildren {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #records: Records;
  /** By uid: of objects with anything to be held, or written down. */
  readonly #owners = new Map<string, Owner>();
  /** By uid: what was seen last. */
  readonly #seen = new Map<string, Seen>();
  /** By uid: of objects of which something may be written down that could not be read. */
  readonly #unread = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonic'>, records: Records) {
    this.#clock = clock;
    this.#records = records;
  }

  get size(): number {
    return this.#owners.size + this.#seen.size + this.#unread.size;
  }

  forget(uid: string): void {
    this.#owners.delete(uid);
    this.#seen.delete(uid);
    this.#unread.delete(uid);
  }

  /** The cache shows what was seen when it was written: it need not be in memory twice. */
  shown(uid: string, cache: ChildReader): void {
    const seen = this.#seen.get(uid);
    if (!seen) return;
    const children = seen.children.map((one) => {
      const cached = observedOf(cache, one.resource, keyOfObject(one.child));
      const isIt = cached && cached !== 'Unknown' && isSameVersion(cached, one.child);
      return isIt ? { resource: one.resource, child: cached } : one;
    });
    this.#seen.set(uid, { children, removed: seen.removed });
  }

  /** Milliseconds until what is held has to be written down, or read. */
  dueIn(uid: string): number | undefined {
    if (this.#unread.has(uid)) return recordedAfter;
    const owner = this.#owners.get(uid);
    if (!owner) return undefined;
    if (owner.record !== undefined && owner.held.size === 0) {
      return this.isStuck(uid) ? removedAgainAfter.atFirst : removedAgainAfter.later;
    }
    if (owner.record !== undefined) return undefined;
    return owner.since === undefined ? undefined : Math.max(shortestRetry, this.#untilRecorded(owner));
  }

  #untilRecorded({ since = 0 }: Owner): number {
    return since + recordedAfter - this.#clock.monotonic();
  }

  /** Whether what was written down could not be removed a moment ago. */
  isStuck(uid: string): boolean {
    const { stuck } = this.#owners.get(uid) ?? {};
    return stuck !== undefined && this.#clock.monotonic() - stuck < longestRemoval;
  }

  /** What is held of an object. */
  keysOf(uid: string): readonly Pick<Write, 'resource' | 'name' | 'namespace'>[] {
    const children = [...(this.#owners.get(uid)?.held.values() ?? [])];
    return children.map(({ resource, key }) => ({ resource, name: key.name, namespace: key.namespace }));
  }

  /** What has to be written for the children of steps that do not say what they want. To be asked when all else is written. */
  async repairs<R extends Reconciled>(input: HeldInput<R>): Promise<Write[]> {
    const uid = input.object.metadata?.uid ?? '';
    const before = this.#seen.get(uid);
    const removed = removedOf(before, input);
    const isHeld = heldBy(input.evaluation, input.failures);
    const owner = await this.#ownerOf(uid, input, before === undefined);
    // Nothing is taken for the last, or written over it, before that is known.
    if (this.#unread.has(uid)) return [];
    this.#seen.set(uid, { children: input.children.filter(isHoldable), removed });
    if (!isHeld && !owner) return [];
    const { held, record } = owner ?? { held: new Map<string, HeldChild>(), record: undefined };
    const next = new Map<string, HeldChild>();
    const garbled = new Set<HeldChild>();
    if (isHeld) {
      for (const [id, child] of held) if (isHeld(child) && !isAnothers(child, input)) next.set(id, child);
      for (const child of [...input.children, ...goneSince(before?.children, input.children)].filter(isHoldable)) {
        if (removed.has(uidOf(child.child))) continue;
        const one = await this.#taken(child, input, isHeld, next);
        if (!one) continue;
        if (next.get(idOf(one)) === one) garbled.add(one);
        next.set(idOf(one), one);
      }
      for (const write of input.written)
        if (write.verb === 'delete' || write.verb === 'release') next.delete(idOf(write));
    }
    const isDue = next.size > 0 && this.#keepsRecordOf(input);
    const since = isDue ? (owner?.since ?? this.#clock.monotonic()) : undefined;
    const { stuck } = next.size === 0 ? (owner ?? {}) : {};
    const now: Owner = { held: next, since, record, ...(stuck === undefined ? {} : { stuck }) };
    if (next.size > 0 || record !== undefined) this.#owners.set(uid, now);
    else this.#owners.delete(uid);
    await this.#writeDown(uid, now, input);
    return [...next.values()].flatMap((child) => repairOf(child, input, garbled.has(child)) ?? []);
  }

  /** A ControllerRevision is in a namespace: of what is in none, what is held lasts as long as the process. */
  #keepsRecordOf<R extends Reconciled>({ resource }: HeldInput<R>): boolean {
    return this.#records === 'Kept' && resource.namespaced;
  }

  /** Undefined: nothing was held so far. */
  async #ownerOf<R extends Reconciled>(uid: string, input: HeldInput<R>, isNew: boolean): Promise<Owner | undefined> {
    const owner = this.#owners.get(uid);
    // Where all was well when this process began, or nobody had looked at all, nothing is written down.
    const mayBeThere = this.#unread.has(uid) || hasTrouble(input.object);
    if (owner || !isNew || !input.resource.namespaced || !mayBeThere) return owner;
    try {
      const record = await readRecord(input, input.owns);
      this.#unread.delete(uid);
      if (!record) return undefined;
      const held = new Map(record.children.map((child) => [idOf(child), child]));
      return { held, since: this.#clock.monotonic(), record: record.hash };
    } catch (error) {
      input.context.signal.throwIfAborted();
      if (isForbidden(error) || this.#records === 'Read') this.#unread.delete(uid);
      else this.#unread.add(uid);
      input.log.warn({ error: messageOf(error) }, 'Could not read what was applied last');
      return undefined;
    }
  }

  /**
   * What a child is to be kept as; undefined where it need not be kept, or is known already. As it is known where somebody has
   * taken away or garbled the note by which that shows.
   */
  async #taken<R extends Reconciled>(
    { resource, child }: OwnedChild,
    { client, context, fieldManager, ownership, evaluation }: HeldInput<R>,
    isHeld: IsHeld,
    known: ReadonlyMap<string, HeldChild>,
  ): Promise<HeldChild | undefined> {
    const { annotation } = ownership.names;
    const { metadata } = child;
    const { uid, annotations = {} } = metadata ?? {};
    const step = annotations[annotation.step] ?? '';
    const key = keyOfObject(child);
    const of = { resource, key, step };
    if (isBeingDeleted(child) || !isHeld(of) || !ownership.isOwn(resource, child)) return undefined;
    const before = known.get(idOf(of));
    if (before && before.note === annotations[annotation.desiredHash]) return undefined;
    // What nobody knows yet is no reason to ask the server for all children of all objects.
    if (evaluation.steps.some(({ outcome }) => outcome.state === 'Unobserved')) return undefined;
    const again = { ...of, made: asMadeAnew(resource, child, ownership.names), note: '' };
    const { signal } = context;
    const live: Readonly<KubeObject> | undefined = await client.get(resource, key, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    if (!live || live.metadata?.uid !== uid) return again;
    if (!ownership.isOwn(resource, live)) return undefined;
    const last = lastApplied(resource, live, fieldManager, ownership.names);
    if (last?.note === '' && before?.desired) return before;
    return last ? { ...of, ...last } : again;
  }

  async #writeDown<R extends Reconciled>(uid: string, owner: Owner, input: HeldInput<R>): Promise<void> {
    if (!this.#keepsRecordOf(input)) return;
    const { held, record } = owner;
    try {
      if (held.size === 0) {
        if (record === undefined) return;
        await removeRecord(input);
        this.#owners.delete(uid);
        return;
      }
      const hasFailed =
        input.failures.size > 0 || input.evaluation.steps.some(({ outcome }) => outcome.state === 'Failed');
      if (!hasFailed && record === undefined && this.#untilRecorded(owner) > 0) return;
      // Once the status says that there is trouble: a process that finds the object well looks for no record.
      if (!hasTrouble(input.object)) return;
      const wanted = recordable([...held.values()]);
      if (wanted.hash === record) return;
      // Also where it fails, for a right that is lacking for instance: what is in memory does until the process ends.
      owner.record = wanted.hash;
      const leftOut = wanted.leftOut.map(({ resource, key }) => `${resource.kind} ${key.name}`);
      if (leftOut.length > 0)
        input.log.warn({ children: leftOut }, 'Too large to be written down as it was applied last');
      await writeRecord(input, wanted);
    } catch (error) {
      input.context.signal.throwIfAborted();
      if (held.size === 0) owner.stuck ??= this.#clock.monotonic();
      input.log.warn({ error: messageOf(error) }, 'Could not write down what was applied last');
    }
  }
}

/** Which children a step has removed: that they are gone is what it wants, whatever it says by the time that the cache shows it. */
function removedOf<R extends Reconciled>(
  { children: before, removed }: Seen = { children: [], removed: new Set() },
  { children, written }: HeldInput<R>,
): ReadonlySet<string> {
  const shown = new Set([...before, ...children].map(({ child }) => child.metadata?.uid));
  const known = [...removed].filter((uid) => shown.has(uid));
  return new Set([...known, ...written.flatMap((write) => (write.verb === 'delete' ? uidOf(write.observed) : []))]);
}

function uidOf({ metadata }: Readonly<KubeObject>): string {
  return metadata?.uid ?? '';
}

function isSameVersion({ metadata: one }: Readonly<KubeObject>, { metadata: other }: Readonly<KubeObject>): boolean {
  return one?.uid === other?.uid && one?.resourceVersion === other?.resourceVersion;
}

function goneSince(before: readonly OwnedChild[] | undefined, now: readonly OwnedChild[]): readonly OwnedChild[] {
  if (!before) return [];
  const there = new Set(now.map(({ child }) => child.metadata?.uid));
  return before.filter(({ child }) => !there.has(child.metadata?.uid));
}

/** Whether it was made for, or taken over by, another object. */
function isAnothers<R extends Reconciled>({ resource, key }: HeldChild, { reader, ownership }: HeldInput<R>): boolean {
  const observed = observedOf(reader, resource, key);
  return observed !== undefined && observed !== 'Unknown' && ownership.marked(resource, observed) === 'Another';
}

function repairOf<R extends Reconciled>(
  child: HeldChild,
  { reader, ownership, evaluation, object }: HeldInput<R>,
  isGarbled: boolean,
): Write | undefined {
  const { resource, key, step, note: hash } = child;
  const observed = observedOf(reader, resource, key);
  if (observed === 'Unknown') return undefined;
  const noteOf = ({ metadata }: Readonly<KubeObject>) =>
    metadata?.annotations?.[ownership.names.annotation.desiredHash] ?? '';
  const { definition } = evaluation.steps.find((one) => one.step.name === step)?.step ?? {};
  const isNow = (applied: Readonly<KubeObject>) =>
    definition && 'meanwhile' in definition ? (definition.meanwhile?.(object, applied) ?? applied) : applied;
  const of = { step, resource, name: key.name, namespace: key.namespace, verb: 'apply', isHeld: true } as const;
  if (!observed) {
    const made = isNow(child.made);
    return { ...of, why: 'Missing', hash: noteOf(made), desired: made, fingerprint: fingerprintOf(made), fields: [] };
  }
  if (!child.desired || isBeingDeleted(observed) || !ownership.isOwn(resource, observed)) return undefined;
  // Something else was applied since, by a process that had no time to write it down, or that is not in the cache yet.
  if (noteOf(observed) !== hash && !isGarbled) return undefined;
  const desired = isNow(child.desired);
  const fields = differences(resource, desired, observed);
  if (fields.length === 0) return undefined;
  // What the object wants of it otherwise by now nobody has changed behind its back.
  const isAsBefore = (path: FieldPath) =>
    isSame(valueAt(resource, desired, path), valueAt(resource, child.desired, path));
  const why = fields.some(isAsBefore) ? 'Drifted' : 'Changed';
  const how = child.force === undefined ? {} : { how: { force: child.force, recreate: false } };
  return { ...of, ...how, why, hash, desired, fingerprint: fingerprintOf(desired), observed, fields };
}

function observedOf(
  reader: ChildReader,
  resource: Resource,
  key: ObjectKey,
): Readonly<KubeObject> | 'Unknown' | undefined {
  try {
    return reader.get(resource, key);
  } catch (error) {
    if (error instanceof CacheNotSyncedError) return 'Unknown';
    throw error;
  }
}

/** Whether its status says of a step that it is not done. */
function hasTrouble({ status }: Readonly<Reconciled>): boolean {
  const { conditions } = (status ?? {}) as ReconciledStatus;
  if (!findCondition(conditions, 'Ready')) return false;
  return conditions?.some(({ type, status: is }) => type.endsWith('Ready') && is !== 'True') ?? false;
}

function idOf(of: Pick<HeldChild, 'resource' | 'key'> | Pick<Write, 'resource' | 'name' | 'namespace'>): string {
  const { name, namespace } = 'key' in of ? of.key : of;
  return `${qualifiedName(of.resource)} ${keyOf(namespace === undefined ? { name } : { namespace, name })}`;
}

function keyOfObject({ metadata }: Readonly<KubeObject>): ObjectKey {
  const { name = '', namespace } = metadata ?? {};
  return namespace === undefined ? { name } : { namespace, name };
}

function messageOf(error: unknown): string {
  return scrub(error instanceof Error ? error.message : String(error));
}
