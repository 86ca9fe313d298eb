// Children that no step wants any more.
import type { KubeObject, Resource } from '@stackwright/kube';
import { CacheNotSyncedError, isBeingDeleted } from '@stackwright/core';
import type { Evaluation } from '../evaluate/evaluate.js';
import { isSameResource } from '../declare/graph.js';
import { Annotation, Label } from '../declare/names.js';
import type { ChildReader } from '../evaluate/overlay.js';
import type { Reconciled } from '../declare/step.js';
import { isActiveJob } from '../workloads/job-state.js';
import { childrenOf, type Write } from '../evaluate/writes.js';

/**
 * A kind is left alone until every step that may want one of it is Done: a step that waits may have stopped before it had
 * said all. What is retained is not found here, having no ownerReference; and a running Job is never killed.
 */
export function prune<R extends Reconciled>(
  evaluation: Evaluation<R>,
  object: Readonly<R>,
  owns: readonly Resource[],
  reader: ChildReader,
): Write[] {
  const writes: Write[] = [];
  for (const resource of owns) {
    for (const child of childrenIfKnown(reader, resource, object.metadata?.uid ?? '')) {
      const { name = '', labels, annotations } = child.metadata ?? {};
      if (isWanted(evaluation, resource, name) || isBeingDeleted(child)) continue;
      if (!isSettled(evaluation, resource)) break;
      if (labels?.[Label.retained] === 'true' || isActiveJob(resource, child)) continue;
      const step = annotations?.[Annotation.step] ?? '';
      writes.push({ verb: 'delete', why: 'Unwanted', step, resource, name, observed: child });
    }
  }
  return writes;
}

function isWanted<R extends Reconciled>({ steps }: Evaluation<R>, resource: Resource, name: string): boolean {
  return steps.some(({ scope }) =>
    scope.wants.some((want) => want.name === name && isSameResource(want.resource, resource)),
  );
}

/** Whether every step that may want one of the kind has said all that it wants. */
function isSettled<R extends Reconciled>({ steps }: Evaluation<R>, resource: Resource): boolean {
  return steps.every(
    ({ step, outcome }) => outcome.state === 'Done' || !step.owns.some((kind) => isSameResource(kind, resource)),
  );
}

/** A kind that is not in the cache yet has nothing to show; its turn comes when it is. */
function childrenIfKnown(reader: ChildReader, resource: Resource, uid: string): readonly Readonly<KubeObject>[] {
  try {
    return childrenOf(reader, resource, uid);
  } catch (error) {
    if (error instanceof CacheNotSyncedError) return [];
    throw error;
  }
}
