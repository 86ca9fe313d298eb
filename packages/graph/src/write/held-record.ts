// What was applied last, written down for as long as a step does not say what it wants: a process that begins meanwhile knows it,
// too. A ControllerRevision, since whoever may edit a namespace may read those and not write them: what is in it is applied
// with the rights of the controller.
import {
  ControllerRevision,
  isAlreadyExists,
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

type Stored = Omit<HeldChild, 'resource' | 'desired'> & {
  group: string;
  version: string;
  plural: string;
  desired?: Readonly<KubeObject>;
};

/** Names of ControllerRevisions are DNS subdomains. */
const longestName = 253;

/** Undefined where there is none, or another's. `owns`: kinds that the graph has; others are not spoken of any more. */
export async function readRecord<R extends Reconciled>(
  input: RecordContext<R>,
  owns: readonly Resource[],
): Promise<HeldRecord | undefined> {
  try {
    const { client, context, ownership } = input;
    const revision = await client.get(ControllerRevision, keyOf(input), { signal: context.signal });
    if (ownership.marked(ControllerRevision, revision) !== 'Own') return undefined;
    // Of one that had the name before: what is in it was that one's.
    if (controllerOf(revision)?.uid !== input.object.metadata?.uid) return undefined;
    const { children = [] } = (revision.data ?? {}) as { children?: readonly Stored[] };
    return {
      hash: hashOf(children),
      children: children.flatMap(({ group, version, plural, ...child }) => {
        const resource = owns.find((kind) => isSameResource(kind, { ...kind, group, version, plural }));
        return resource ? [{ ...child, resource }] : [];
      }),
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** In place of the one before, whose data cannot be changed. */
export async function writeRecord<R extends Reconciled>(
  input: RecordContext<R>,
  children: readonly HeldChild[],
): Promise<void> {
  const { object, resource, ownership, client, context, fieldManager } = input;
  const { signal } = context;
  const key = keyOf(input);
  const revision: ControllerRevision = {
    metadata: {
      ...key,
      labels: labelsOf(resource.kind, object.metadata?.name ?? '', ownership.names),
      annotations: { [ownership.names.annotation.owner]: ownership.markFor(ControllerRevision, { metadata: key }) },
      ownerReferences: [childReference(object, resource)],
    },
    revision: object.metadata?.generation ?? 1,
    data: { children: children.map(stored) },
  };
  const create = () => client.create(ControllerRevision, revision, { signal, fieldManager });
  try {
    await create();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    await removeRecord(input);
    await create();
  }
}

export async function removeRecord<R extends Reconciled>(input: RecordContext<R>): Promise<void> {
  const { client, context, ownership } = input;
  const { signal } = context;
  const key = keyOf(input);
  try {
    const { metadata } = await client.get(ControllerRevision, key, { signal });
    if (ownership.marked(ControllerRevision, { metadata: metadata ?? {} }) !== 'Own') return;
    const uid = metadata?.uid;
    await client.delete(ControllerRevision, key, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export function hashOfHeld(children: readonly HeldChild[]): string {
  return hashOf(children.map(stored));
}

function stored({ resource, desired, made, ...child }: HeldChild): Stored {
  const { group, version, plural } = resource;
  return { ...child, made, ...(desired === undefined ? {} : { desired }), group, version, plural };
}

function keyOf<R extends Reconciled>({ object, resource }: RecordContext<R>): ObjectKey {
  const { name = '', namespace } = object.metadata ?? {};
  const revision = shortened(name, `-${resource.kind.toLowerCase()}-last-applied`, longestName, []);
  return namespace === undefined ? { name: revision } : { namespace, name: revision };
}
