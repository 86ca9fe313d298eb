// Whether a Deployment, StatefulSet or DaemonSet does what it was last told.
import type { Deployment } from '@stackwright/kube';
import { apiVersionOf, DaemonSet, Pod, StatefulSet, type Resource } from '@stackwright/kube';
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
import { podProblem, recoveryOfPods, schedulingGrace } from './pod-problem.js';

export type Workload = Deployment | StatefulSet | DaemonSet;

/**
 * Done when all replicas of the wanted version are ready and none of another is left; of a DaemonSet, with a warning, also when
 * all that is missing is Pods of nodes that do not answer: those come back with their nodes, or go with them. Failed with what its Pods say is
 * wrong. Whatever it says, it serves as long as any Pod is available, of whichever version. `observed` is what `scope.own`
 * returned. The step declares `reads: [{ resource: Pod, parts: true }]`.
 */
export function rolloutOf<R extends Reconciled, T extends Workload>(
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

  const selector = observed.spec?.selector.matchLabels;
  const pods = () => (selector ? scope.list(Pod, { labels: selector }) : []);
  const lost = isSameResource(resource, DaemonSet) ? lostPods(pods()) : 0;
  const { ready, wanted, isCurrent, serving } = progressOf(resource, observed, lost);
  if (isCurrent && ready >= wanted) return done(undefined, serving);
  if (isCurrent && ready > 0 && ready + lost >= wanted) {
    const message = `${ready} of ${wanted} Pods of ${what} are ready; the nodes of the others do not answer`;
    return done(undefined, { warning: { reason: EngineReason.NodeLost, message }, ...serving });
  }
  const problem = podProblem(pods(), scope.clock.now());
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
  const recovery = recoveryOfPods(pods());
  // No event says that a Pod has now waited too long for a node.
  return waiting(EngineReason.RolloutInProgress, recovery === undefined ? progress : `${progress}; ${recovery}`, {
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

/** `lost`: Pods whose nodes do not answer, which nobody can replace. */
function progressOf(resource: Resource, workload: Readonly<Workload>, lost: number): Progress {
  const isSeen = (workload.status?.observedGeneration ?? 0) >= (workload.metadata?.generation ?? 0);
  if (isSameResource(resource, DaemonSet)) {
    const {
      desiredNumberScheduled = 0,
      updatedNumberScheduled = 0,
      numberAvailable = 0,
    } = (workload as Readonly<DaemonSet>).status ?? {};
    const isCurrent = isSeen && updatedNumberScheduled + lost >= desiredNumberScheduled;
    return { wanted: desiredNumberScheduled, ready: numberAvailable, isCurrent, serving: servingOf(numberAvailable) };
  }
  const { spec, status } = workload as Readonly<Deployment | StatefulSet>;
  const wanted = spec?.replicas ?? 1;
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

function isPaused({ spec }: Readonly<Workload>): boolean {
  return spec !== undefined && 'paused' in spec && spec.paused === true;
}

/**
 * How many do all that they should, as their kubelet said last, and count as not ready all the same: that is what is said of the Pods of
 * a node from which nothing is heard.
 */
function lostPods(pods: readonly Readonly<Pod>[]): number {
  return pods.filter(({ status: { phase, conditions = [], containerStatuses = [] } = {} }) => {
    const isReady = conditions.find(({ type }) => type === 'Ready')?.status === 'True';
    const doesWell = containerStatuses.length > 0 && containerStatuses.every(({ ready }) => ready);
    return phase === 'Running' && !isReady && doesWell;
  }).length;
}

/** What the controllers of StatefulSets and DaemonSets say in Events alone. */
function refusedPods<R extends Reconciled>(
  scope: StepScope<R>,
  observed: Readonly<Workload>,
  wanted: number,
): { reason: string; message: string } | undefined {
  const { status } = observed;
  const made = status && 'currentNumberScheduled' in status ? status.currentNumberScheduled : replicasOf(observed);
  const message = made < wanted ? scope.refusalOf(observed) : undefined;
  return message === undefined ? undefined : { reason: EngineReason.Rejected, message };
}

const replicasOf = ({ status }: Readonly<Workload>): number =>
  (status && 'replicas' in status ? status.replicas : undefined) ?? 0;

/** What a Deployment's controller says itself: Pods that it may not create, or that do not become ready in time. */
function stuckReason({ status }: Readonly<Workload>): { reason: string; message: string } | undefined {
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
