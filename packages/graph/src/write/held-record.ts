// What was applied last, written down for as long as a step does not say what it wants: a process that begins meanwhile knows it,
// too. A ControllerRevision, since whoever may edit a namespace may read those and not write them: what is in it is applied
// with the rights of the controller. What is in one cannot be changed: the next one is made under the other of two names before it
// goes, so that there is always one that is whole.
import {
  ControllerRevision,
  isNotFound,
  type Client,
  type KubeObject,
  type ObjectKey,
  type Resource,
} from '@stackwright/kube';
import { isSameResource } from '../declare/graph.js';
import { labelsOf } from '../declare/names.js';
import { hashOf } from '../evaluate/hash.js';
import type { Ownership } from '../evaluate/ownership.js';
import { isSame } from '../evaluate/same.js';
import { shortened } from '../workloads/job-record.js';
import { childReference } from '../evaluate/desired.js';
import type { Reconciled } from '../declare/step.js';
import { controllerOf, type ReconcileContext } from '@stackwright/core';

/** A child of which no step says anything for now. */
export interface HeldChild {
  readonly resource: Resource;
  readonly key: ObjectKey;
  /** That made it. */
  readonly step: string;
  /** What was applied; absent where nobody keeps that, and it can only be made again. */
  readonly desired?: Readonly<KubeObject>;
  /** As it is made again where it is missing. */
  readonly made: Readonly<KubeObject>;
  /** By which its step knows it again, and who looks whether this is what was applied last. */
  readonly note: string;
  /** That it was applied without force, and so is what is put back of it. Absent: by force. */
  readonly force?: false;
}

export interface HeldRecord {
  /** Of what it holds. */
  readonly hash: string;
  readonly children: readonly HeldChild[];
}

export interface RecordContext<R extends Reconciled> {
  readonly object: Readonly<R>;
  readonly resource: Resource<R>;
  readonly ownership: Ownership;
  readonly client: Client;
  readonly context: Pick<ReconcileContext, 'signal'>;
  readonly fieldManager: string;
}

/** What is to be written down of the children that are held. */
export interface Recordable {
  readonly hash: string;
  readonly children: readonly StoredChild[];
  /** For which there is no room: they are held for as long as the process lasts. */
  readonly leftOut: readonly HeldChild[];
}

type StoredChild = Omit<HeldChild, 'resource' | 'desired'> & {
  group: string;
  version: string;
  plural: string;
  desired?: Readonly<KubeObject>;
  /** That `made` is what was applied, too. */
  asApplied?: true;
};

/** What is written down of a child, and the bytes that this takes: the child is the same object at each reconcile. */
interface Text {
  readonly stored: StoredChild;
  readonly bytes: number;
}

/** Names of ControllerRevisions are DNS subdomains. */
const longestName = 253;
/** Bytes that the children of one object may take: an API server takes objects of 1.5 MiB at most. */
const longestRecord = 1_000_000;

const texts = new WeakMap<HeldChild, Text>();

/** The largest are left out first, so that most children are in it; which ones depends on the children alone. */
export function recordable(children: readonly HeldChild[]): Recordable {
  const leftOut = new Set<HeldChild>();
  let bytes = children.reduce((sum, child) => sum + textOf(child).bytes, 0);
  if (bytes > longestRecord) {
    const idOf = ({ resource, key }: HeldChild) => `${resource.plural} ${key.namespace ?? ''}/${key.name}`;
    const sorted = [...children].sort(
      (one, other) => textOf(other).bytes - textOf(one).bytes || (idOf(one) < idOf(other) ? -1 : 1),
    );
    for (const child of sorted) {
      if (bytes <= longestRecord) break;
      leftOut.add(child);
      bytes -= textOf(child).bytes;
    }
  }
  const stored = children.filter((child) => !leftOut.has(child)).map((child) => textOf(child).stored);
  return { hash: hashOf(stored), children: stored, leftOut: [...leftOut] };
}

/** Undefined where there is none, or another's. `owns`: kinds that the graph has; others are not spoken of any more. */
export async function readRecord<R extends Reconciled>(
  input: RecordContext<R>,
  owns: readonly Resource[],
): Promise<HeldRecord | undefined> {
  const revisions = await revisionsOf(input);
  // Of one that had the name before: what is in it was that one's.
  const last = revisions.find((revision) => controllerOf(revision)?.uid === input.object.metadata?.uid);
  if (!last) return undefined;
  const { children = [] } = (last.data ?? {}) as { children?: readonly StoredChild[] };
  return {
    hash: hashOf(children),
    children: children.flatMap(({ group, version, plural, asApplied, ...child }) => {
      const resource = owns.find((kind) => isSameResource(kind, { ...kind, group, version, plural }));
      return resource ? [{ ...child, ...(asApplied ? { desired: child.made } : {}), resource }] : [];
    }),
  };
}

/** Takes the place of the one before, which goes only when this is there. */
export async function writeRecord<R extends Reconciled>(
  input: RecordContext<R>,
  { children }: Recordable,
): Promise<void> {
  const { object, resource, ownership, client, context, fieldManager } = input;
  const { signal } = context;
  const [last, ...older] = await revisionsOf(input);
  // Of a process that ended before it had removed it.
  for (const revision of older) await remove(revision, input);
  const [first, second] = keysOf(input);
  const key = last?.metadata?.name === first.name ? second : first;
  const revision: ControllerRevision = {
    metadata: {
      ...key,
      labels: labelsOf(resource.kind, object.metadata?.name ?? '', ownership.names),
      annotations: { [ownership.names.annotation.owner]: ownership.markFor(ControllerRevision, { metadata: key }) },
      ownerReferences: [childReference(object, resource)],
    },
    revision: (last?.revision ?? 0) + 1,
    data: { children },
  };
  await client.create(ControllerRevision, revision, { signal, fieldManager });
  if (last) await remove(last, input);
}

export async function removeRecord<R extends Reconciled>(input: RecordContext<R>): Promise<void> {
  // The last one last: nobody is to take an older one for it.
  for (const revision of (await revisionsOf(input)).reverse()) await remove(revision, input);
}

/** Its own, the last one first: two where a process ended between the two writes, or another one is at work. */
async function revisionsOf<R extends Reconciled>(input: RecordContext<R>): Promise<Readonly<ControllerRevision>[]> {
  const { client, context, ownership } = input;
  const { signal } = context;
  const found: Readonly<ControllerRevision>[] = [];
  for (const key of keysOf(input)) {
    try {
      const revision = await client.get(ControllerRevision, key, { signal });
      if (ownership.marked(ControllerRevision, revision) === 'Own') found.push(revision);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return found.sort((one, other) => other.revision - one.revision);
}

async function remove<R extends Reconciled>(
  { metadata }: Readonly<ControllerRevision>,
  { client, context }: RecordContext<R>,
): Promise<void> {
  const { name = '', namespace, uid } = metadata ?? {};
  const key = namespace === undefined ? { name } : { namespace, name };
  const preconditions = uid === undefined ? {} : { preconditions: { uid } };
  try {
    await client.delete(ControllerRevision, key, { signal: context.signal, ...preconditions });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function textOf(child: HeldChild): Text {
  const known = texts.get(child);
  if (known) return known;
  const stored = storedOf(child);
  const text = { stored, bytes: Buffer.byteLength(JSON.stringify(stored)) };
  texts.set(child, text);
  return text;
}

function storedOf({ resource, desired, made, ...child }: HeldChild): StoredChild {
  const { group, version, plural } = resource;
  const of = { ...child, made, group, version, plural };
  if (desired === undefined) return of;
  return isSame(desired, made) ? { ...of, asApplied: true } : { ...of, desired };
}

function keysOf<R extends Reconciled>({ object, resource }: RecordContext<R>): [ObjectKey, ObjectKey] {
  const { name = '', namespace } = object.metadata ?? {};
  const ending = `-${resource.kind.toLowerCase()}-last-applied`;
  const keyOf = (revision: string) => (namespace === undefined ? { name: revision } : { namespace, name: revision });
  return [keyOf(shortened(name, ending, longestName, [])), keyOf(shortened(name, `${ending}-2`, longestName, []))];
}
