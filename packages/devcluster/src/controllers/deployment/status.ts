// A Deployment's status: what `kubectl rollout status` and everybody else judges it by.
import type { Deployment, ReplicaSet } from '@stackwright/kube';
import type { DeploymentCondition, DeploymentStatus } from 'kubernetes-types/apps/v1.d.ts';
import { millisecondsOf, rfc3339 } from '../../shared/clock.js';
import { nonZero, type Stored } from '../../shared/objects.js';
import { conditionOf, withCondition, withoutCondition } from '../conditions.js';
import { desired, limits, specReplicas, statusSum, type Sets } from './replicas.js';

export const AVAILABLE_REASON = 'NewReplicaSetAvailable';
export const TIMED_OUT = 'ProgressDeadlineExceeded';

/** The counts and `Available`; `Progressing` is added by `withProgress`. */
export function baseStatus(
  deployment: Stored<Deployment>,
  all: Sets,
  current: Stored<ReplicaSet> | undefined,
  now: number,
): DeploymentStatus {
  const available = statusSum(all, 'availableReplicas');
  const enough = available >= desired(deployment) - limits(deployment).maxUnavailable;
  const condition: DeploymentCondition = {
    type: 'Available',
    status: enough ? 'True' : 'False',
    reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
    lastUpdateTime: rfc3339(now),
  };
  const collisions = deployment.status?.collisionCount;
  return {
    ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    ...nonZero({
      replicas: statusSum(all, 'replicas'),
      updatedReplicas: current?.status?.replicas ?? 0,
      readyReplicas: statusSum(all, 'readyReplicas'),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, specReplicas(all) - available),
    }),
    ...(collisions === undefined ? {} : { collisionCount: collisions }),
    conditions: withCondition(deployment.status?.conditions ?? [], condition, rfc3339(now)),
  };
}

export function isComplete(deployment: Stored<Deployment>, status: DeploymentStatus): boolean {
  const wanted = desired(deployment);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** Adds how the rollout is going, and takes the failure of the newest ReplicaSet over. */
export function withProgress(
  deployment: Stored<Deployment>,
  status: DeploymentStatus,
  all: Sets,
  current: Stored<ReplicaSet> | undefined,
  now: number,
): DeploymentStatus {
  let conditions = status.conditions ?? [];
  const progress =
    deployment.spec?.progressDeadlineSeconds === undefined ? undefined : progressOf(deployment, status, current, now);
  if (deployment.spec?.progressDeadlineSeconds === undefined) conditions = withoutCondition(conditions, 'Progressing');
  if (progress) conditions = refreshed(conditions, progress, now);

  const failed = [...(current ? [current] : []), ...all]
    .map((set) => conditionOf(set.status?.conditions, 'ReplicaFailure'))
    .find((condition) => condition !== undefined);
  conditions = failed
    ? withCondition(conditions, { ...failed, lastUpdateTime: rfc3339(now) }, rfc3339(now))
    : withoutCondition(conditions, 'ReplicaFailure');
  return { ...status, conditions };
}

/** Undefined: the condition stays as it is. */
function progressOf(
  deployment: Stored<Deployment>,
  status: DeploymentStatus,
  current: Stored<ReplicaSet> | undefined,
  now: number,
): DeploymentCondition | undefined {
  const known = conditionOf(deployment.status?.conditions, 'Progressing');
  const settled = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && known?.reason === AVAILABLE_REASON;
  if (settled) return undefined;
  const subject = current ? `ReplicaSet "${current.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  const condition = (value: string, reason: string, message: string): DeploymentCondition => ({
    type: 'Progressing',
    status: value,
    reason,
    message: `${subject} ${message}`,
    lastUpdateTime: rfc3339(now),
  });
  if (isComplete(deployment, status)) return condition('True', AVAILABLE_REASON, 'has successfully progressed.');
  if (hasMoved(deployment.status ?? {}, status)) return condition('True', 'ReplicaSetUpdated', 'is progressing.');
  if (untilTimeout(deployment, now) === 0) return condition('False', TIMED_OUT, 'has timed out progressing.');
  return undefined;
}

function hasMoved(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** Milliseconds until the rollout counts as stuck; 0 when it does, undefined when no deadline is running. */
export function untilTimeout(deployment: Deployment, now: number): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  const known = conditionOf(deployment.status?.conditions, 'Progressing');
  if (seconds === undefined || deployment.spec?.paused || !known || known.reason === AVAILABLE_REASON) return undefined;
  if (known.reason === TIMED_OUT) return 0;
  return Math.max(0, millisecondsOf(known.lastUpdateTime) + seconds * 1000 - now);
}

/** Unlike other conditions, progress that goes on renews its time: the deadline runs from it. */
function refreshed(
  conditions: readonly DeploymentCondition[],
  wanted: DeploymentCondition,
  now: number,
): DeploymentCondition[] {
  const known = conditionOf(conditions, wanted.type);
  if (wanted.status !== 'True' || known?.status !== 'True') return withCondition(conditions, wanted, rfc3339(now));
  const next = { ...wanted, lastTransitionTime: known.lastTransitionTime ?? rfc3339(now) };
  return conditions.map((condition) => (condition === known ? next : condition));
}
