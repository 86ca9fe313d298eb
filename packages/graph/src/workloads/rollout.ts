// Whether a Deployment or StatefulSet does what it was last told.
import type { Deployment } from '@stackwright/kube';
import { apiVersionOf, Pod, StatefulSet, type Resource } from '@stackwright/kube';
import { isSameResource } from '../declare/graph.js';
import { EngineReason } from '../declare/reasons.js';
import {
  done,
  failed,
  waiting,
  type ObjectReference,
  type Outcome,
  type Reconciled,
  type StepScope,
} from '../declare/step.js';
import { podProblem, schedulingGrace } from './pod-problem.js';

/**
 * Done when all replicas of the wanted version are ready and none of another is left; Failed with what its Pods say is
 * wrong. Whatever it says, it serves as long as any Pod is available, of whichever version. `observed` is what `scope.own`
 * returned. The step declares `reads: [{ resource: Pod, parts: true }]`.
 */
export function rolloutOf<R extends Reconciled, T extends Deployment | StatefulSet>(
  scope: StepScope<R>,
  resource: Resource<T>,
  name: string,
  observed: Readonly<T> | undefined,
): Outcome<undefined> {
  const on: ObjectReference = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name,
    namespace: scope.namespace,
  };
  const what = `${resource.kind} ${name}`;
  if (!observed) return waiting(EngineReason.Pending, `${what} is being created`, { on });

  const { ready, wanted, isCurrent, serving } = progressOf(resource, observed);
  if (isCurrent && ready >= wanted) return done(undefined, serving);
  const selector = observed.spec?.selector.matchLabels;
  const problem = selector && podProblem(scope.list(Pod, { labels: selector }), scope.clock.now());
  if (problem) return failed(problem.reason, problem.message, { on: problem.on, ...serving });
  if (!isCurrent && isPaused(observed)) {
    const remedy = `kubectl rollout resume deployment/${name}`;
    return waiting(EngineReason.Paused, `${what} is paused, and what is wanted is not rolled out (${remedy})`, {
      on,
      ...serving,
    });
  }
  const stuck = stuckReason(observed) ?? refusedPods(scope, observed, wanted);
  if (stuck) return failed(stuck.reason, `${what} makes no progress: ${stuck.message}`, { on, ...serving });
  const progress = isCurrent
    ? `${ready} of ${wanted} Pods of ${what} are ready`
    : `${what} is being rolled out: ${ready} of ${wanted} Pods are ready`;
  // No event says that a Pod has now waited too long for a node.
  return waiting(EngineReason.RolloutInProgress, progress, {
    on,
    after: schedulingGrace,
    changing: !isCurrent,
    ...serving,
  });
}

interface Progress {
  wanted: number;
  ready: number;
  /** Its controller has seen the newest spec, and no Pod of an older one is left. */
  isCurrent: boolean;
  /** Whether any Pod is available, of whichever version. */
  serving: { serves?: true };
}

function progressOf(resource: Resource, workload: Readonly<Deployment | StatefulSet>): Progress {
  const { spec, status, metadata } = workload;
  const wanted = spec?.replicas ?? 1;
  const isSeen = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
  const updated = status?.updatedReplicas ?? 0;
  if (isSameResource(resource, StatefulSet)) {
    const stateful = (workload as Readonly<StatefulSet>).status;
    const { currentRevision, updateRevision, readyReplicas = 0 } = stateful ?? {};
    // Once a rollout is complete, updatedReplicas may be left out: the revisions say it.
    const isCurrent = isSeen && (currentRevision === updateRevision || updated >= wanted);
    return {
      wanted,
      ready: readyReplicas,
      isCurrent,
      serving: servingOf(stateful?.availableReplicas ?? readyReplicas),
    };
  }
  const { availableReplicas = 0, replicas = 0 } = (workload as Readonly<Deployment>).status ?? {};
  const isCurrent = isSeen && updated >= wanted && replicas <= updated;
  return { wanted, ready: availableReplicas, isCurrent, serving: servingOf(availableReplicas) };
}

function servingOf(availableReplicas: number): Progress['serving'] {
  return availableReplicas > 0 ? { serves: true } : {};
}

function isPaused({ spec }: Readonly<Deployment | StatefulSet>): boolean {
  return spec !== undefined && 'paused' in spec && spec.paused === true;
}

/** What a StatefulSet's controller says in Events alone. */
function refusedPods<R extends Reconciled>(
  scope: StepScope<R>,
  observed: Readonly<Deployment | StatefulSet>,
  wanted: number,
): { reason: string; message: string } | undefined {
  const message = (observed.status?.replicas ?? 0) < wanted ? scope.refusalOf(observed) : undefined;
  return message === undefined ? undefined : { reason: EngineReason.Rejected, message };
}

/** What a Deployment's controller says itself: Pods that it may not create, or that do not become ready in time. */
function stuckReason({ status }: Readonly<Deployment | StatefulSet>): { reason: string; message: string } | undefined {
  const conditions = status?.conditions ?? [];
  const refused = conditions.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True');
  if (refused) return { reason: EngineReason.Rejected, message: refused.message ?? 'its Pods cannot be created' };
  const late = conditions.find(
    (condition) => condition.type === 'Progressing' && condition.reason === 'ProgressDeadlineExceeded',
  );
  return (
    late && { reason: EngineReason.ContainerCrashed, message: late.message ?? 'its progress deadline is exceeded' }
  );
}
