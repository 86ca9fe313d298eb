// Children that no step wants any more.
import type { KubeObject, Resource } from '@stackwright/kube';
import { isBeingDeleted } from '@stackwright/core';
import type { Evaluation } from '../evaluate/evaluate.js';
import { isSameResource } from '../declare/graph.js';
import type { Ownership } from '../evaluate/ownership.js';
import type { Reconciled } from '../declare/step.js';
import { isActiveJob } from '../workloads/job-state.js';
import { keyOf, type Write } from '../evaluate/writes.js';
import type { OwnedChild } from './children.js';

/**
 * A kind is left alone until every step that may want one of it is Done: a step that waits may have stopped before it had
 * said all. What is retained is not among the children, having no ownerReference; a running Job is never killed; and what was not
 * made for this owner, by its mark or as earlier versions wrote it, is somebody else's, whatever its ownerReference says.
 */
export function prune<R extends Reconciled>(
  evaluation: Evaluation<R>,
  children: readonly OwnedChild[],
  ownership: Ownership,
): Write[] {
  const { annotation, label } = ownership.names;
  const writes: Write[] = [];
  for (const { resource, child } of children) {
    const { labels, annotations } = child.metadata ?? {};
    const step = annotations?.[annotation.step];
    if (isWanted(evaluation, resource, child) || isBeingDeleted(child)) continue;
    if (!step || !isSettled(evaluation, resource) || !ownership.isOwn(resource, child)) continue;
    if (labels?.[label.retained] === 'true' || isActiveJob(resource, child)) continue;
    writes.push({ verb: 'delete', why: 'Unwanted', step, resource, ...keyOf(child), observed: child });
  }
  return writes;
}

function isWanted<R extends Reconciled>(
  { steps }: Evaluation<R>,
  resource: Resource,
  child: Readonly<KubeObject>,
): boolean {
  const { name, namespace } = keyOf(child);
  return steps.some(({ scope }) =>
    scope.wants.some(
      (want) => want.name === name && want.namespace === namespace && isSameResource(want.resource, resource),
    ),
  );
}

/** Whether every step that may want one of the kind has said all that it wants. */
function isSettled<R extends Reconciled>({ steps }: Evaluation<R>, resource: Resource): boolean {
  return steps.every(
    ({ step, outcome }) => outcome.state === 'Done' || !step.owns.some((kind) => isSameResource(kind, resource)),
  );
}
