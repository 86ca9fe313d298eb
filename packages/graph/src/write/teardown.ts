// Deletion, in reverse: a step is undone when all that come after it are. Children without data are collected by their
// ownerReferences anyway; the order matters where something outside, or another controller, has to undo things.
import { apiVersionOf, StatefulSet, isConflict, isNotFound, type KubeObject, type Resource } from '@stackwright/kube';
import { CacheNotSyncedError, KindMissingError, isBeingDeleted } from '@stackwright/core';
import type { StepEvaluation } from '../evaluate/evaluate.js';
import { failureOf, isServerWell, together, type StepFailure } from '../status/failure.js';
import { isSameResource, type DeletionPolicy, type GraphStep } from '../declare/graph.js';
import type { ChildReader } from '../evaluate/overlay.js';
import { EngineReason } from '../declare/reasons.js';
import type { StepStatus } from '../status/step-status.js';
import type { Reconciled } from '../declare/step.js';
import { markClaims } from './volume-claims.js';
import { retained, withVolumes, type TeardownInput } from './retained.js';
import { childrenOf } from '../evaluate/writes.js';

/** Whether anything has to be undone that would not go by itself. */
export function needsFinalizer<R extends Reconciled>(steps: readonly GraphStep<R>[], policy: DeletionPolicy): boolean {
  return policy === 'Delete' || steps.some((step) => isUndone(step, policy));
}

/** What is still there, as far as it has to be waited for. Empty: the object may go. */
export async function tearDown<R extends Reconciled>(input: TeardownInput<R>): Promise<StepStatus[]> {
  const statuses: StepStatus[] = [];
  if (input.policy === 'Delete' && input.owns.some((kind) => isSameResource(kind, StatefulSet))) {
    try {
      await markClaims(input);
    } catch (error) {
      const failure = failureToTell(input, 'mark the volumes that are to be deleted', error);
      return [failedStatus(stepFor(input, StatefulSet), failure)];
    }
  }
  for (const one of [...input.steps].reverse()) {
    const after = input.steps.filter(({ step }) => step.after.some(({ name }) => name === one.step.name));
    const status = statuses.find(({ step }) => after.some((later) => later.step.name === step));
    const { name } = one.step;
    const left = status
      ? waits(name, `Waits for ${status.step} to be undone`)
      : await undo(one, input).catch((error: unknown) =>
          failedStatus(name, failureToTell(input, `delete what belongs to ${name}`, error)),
        );
    if (left) statuses.push(left);
  }
  // Volumes are made by StatefulSets, not by a step: they go when all that might use them is gone.
  if (statuses.length === 0 && input.policy === 'Delete') {
    const failures = new Map<string, StepFailure[]>();
    for (const resource of withVolumes(input.owns, input)) {
      const failure = await removeData(resource, input);
      const step = stepFor(input, resource);
      if (failure) failures.set(step, [...(failures.get(step) ?? []), failure]);
    }
    for (const [step, all] of failures) {
      const failure = together(all);
      if (failure) statuses.push(failedStatus(step, failure));
    }
  }
  return statuses;
}

/** What stands in the way of deletion is told: it waits for that, and nobody would know why. */
function failedStatus(step: string, { reason, message }: StepFailure): StepStatus {
  return { ...waits(step, message), state: 'Failed', reason };
}

function failureToTell<R extends Reconciled>(
  { writing }: TeardownInput<R>,
  doing: string,
  error: unknown,
): StepFailure {
  writing.signal.throwIfAborted();
  const failure = failureOf(error, `Could not ${doing}`);
  // Caches fill, and what had only changed is looked at again: nothing is wrong.
  const isFilling = error instanceof CacheNotSyncedError && !(error instanceof KindMissingError);
  if (failure.stale || isFilling) throw error;
  return failure;
}

/** For what belongs to no step: one that wants such objects, or that makes them by way of StatefulSets. */
function stepFor<R extends Reconciled>({ steps }: TeardownInput<R>, resource: Resource): string {
  const ofKind = (kind: Resource) => steps.find(({ step }) => step.owns.some((one) => isSameResource(one, kind)));
  return (ofKind(resource) ?? ofKind(StatefulSet) ?? steps[0])?.step.name ?? '';
}

async function undo<R extends Reconciled>(
  one: StepEvaluation<R>,
  input: TeardownInput<R>,
): Promise<StepStatus | undefined> {
  const { step } = one;
  const { annotation } = input.ownership.names;
  const isOfStep = ({ metadata }: Readonly<KubeObject>) => metadata?.annotations?.[annotation.step] === step.name;
  const children = step.owns.flatMap((resource) =>
    childrenOf(input.reader, resource, input.object.metadata?.uid ?? '')
      .filter((object) => isOfStep(object) && input.ownership.isOwn(resource, object))
      .map((object) => ({ resource, object })),
  );
  if (input.policy === 'Delete') {
    for (const resource of step.owns) {
      const mine = retained(input, resource).filter(isOfStep);
      children.push(...mine.map((object) => ({ resource, object })));
    }
  }
  // Before its children, since credentials that it needs may be among them.
  if (isUndone(step, input.policy)) {
    const result = await input.externals.remove(one, input.external);
    if (!result.done) {
      const help = `to let it go as it is, set the annotation ${annotation.abandonCleanup}=true`;
      return { ...waits(step.name, `${result.message} (${help})`), state: 'Failed', reason: result.reason };
    }
  }
  // Foreground: a Deployment is gone when its Pods are.
  const failure = await removeAll(children, input, 'Foreground');
  if (failure) return failedStatus(step.name, failure);
  const left = children.find(({ resource, object }) => isThere(input.reader, resource, object));
  if (!left) return undefined;
  const { name = '', namespace } = left.object.metadata ?? {};
  const on = {
    apiVersion: apiVersionOf(left.resource),
    kind: left.resource.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  };
  return { ...waits(step.name, `Waits for ${left.resource.kind} ${name} to be gone`), on };
}

function isUndone<R extends Reconciled>(step: GraphStep<R>, policy: DeletionPolicy): boolean {
  return (
    step.external &&
    step.definition.remove !== undefined &&
    (step.definition.removeOn !== 'DeletePolicy' || policy === 'Delete')
  );
}

function waits(step: string, message: string): StepStatus {
  return { step, state: 'Waiting', reason: EngineReason.Deleting, message };
}

async function removeData<R extends Reconciled>(
  resource: Resource,
  input: TeardownInput<R>,
): Promise<StepFailure | undefined> {
  try {
    const objects = retained(input, resource).map((object) => ({ resource, object }));
    return await removeAll(objects, input, 'Background');
  } catch (error) {
    return failureToTell(input, `delete what holds data (${resource.kind})`, error);
  }
}

/** One that cannot be deleted keeps none of the others. */
async function removeAll<R extends Reconciled>(
  children: readonly { resource: Resource; object: Readonly<KubeObject> }[],
  input: TeardownInput<R>,
  propagationPolicy: 'Foreground' | 'Background',
): Promise<StepFailure | undefined> {
  const failures: StepFailure[] = [];
  for (const { resource, object } of children) {
    try {
      await remove(resource, object, input, propagationPolicy);
    } catch (error) {
      failures.push(failureToTell(input, `delete ${resource.kind} ${object.metadata?.name ?? ''}`, error));
      if (!isServerWell(error)) break;
    }
  }
  return together(failures);
}

async function remove<R extends Reconciled>(
  resource: Resource,
  object: Readonly<KubeObject>,
  { writing }: TeardownInput<R>,
  propagationPolicy: 'Foreground' | 'Background',
): Promise<void> {
  if (isBeingDeleted(object)) return;
  const { name = '', namespace, uid } = object.metadata ?? {};
  const key = namespace === undefined ? { name } : { namespace, name };
  writing.metrics.wrote(resource, 'delete');
  writing.log.info({ kind: resource.kind, child: name, verb: 'delete', why: 'Deleting' }, 'Wrote');
  try {
    await writing.client.delete(resource, key, {
      signal: writing.signal,
      propagationPolicy,
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    });
  } catch (error) {
    // Gone, or gone and made anew by somebody else: that one is not ours.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** By uid, in the cache: an object that is still held by finalizers is there. */
function isThere(reader: ChildReader, resource: Resource, object: Readonly<KubeObject>): boolean {
  const { name = '', namespace, uid } = object.metadata ?? {};
  return reader.get(resource, namespace === undefined ? { name } : { namespace, name })?.metadata?.uid === uid;
}
