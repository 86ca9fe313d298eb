import type { Pod } from '@stackwright/kube';
import { ReplicaSet, type ObjectKey, matchesSelector } from '@stackwright/kube';
import type { ReplicaSetCondition, ReplicaSetStatus } from 'kubernetes-types/apps/v1.d.ts';
import { rfc3339 } from '../shared/clock.js';
import { messageOf } from '../shared/log.js';
import { controllerOf, nonZero, sameValue, type Stored } from '../shared/objects.js';
import { byDispensability, isActive, isReady, untilAvailable } from '../shared/pods.js';
import { matchesLabels } from '../shared/selectors.js';
import { claimChildren } from './claim.js';
import { conditionOf, withCondition, withoutCondition } from './conditions.js';
import type { Context } from './context.js';
import { Loop } from './loop.js';
import { podFromTemplate, PodControl, slowStart } from './pod-control.js';

/** How many Pods one pass creates or deletes at most. */
const BURST = 500;

interface Failure {
  reason: string;
  error: Error;
}

export function replicaSetController({ stores, clock, log, events }: Context): Loop {
  const { replicaSets, pods } = stores;
  const recorder = events('replicaset-controller');
  const control = new PodControl(pods, recorder, ReplicaSet);
  const loop = new Loop({ name: 'replicaset', reconcile, clock, log });

  replicaSets.onChange(({ object }) => loop.add(object));
  pods.onChange(({ object, previous }) => {
    for (const pod of [object, previous]) {
      const owner = pod && controllerOf(pod);
      if (pod && owner?.kind === 'ReplicaSet') loop.add({ namespace: pod.metadata.namespace, name: owner.name });
    }
    if (controllerOf(object)) return;
    for (const set of replicaSets.list(object.metadata.namespace)) {
      if (matchesSelector(set.spec?.selector, object.metadata.labels)) loop.add(set);
    }
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<number | void> {
    const set = replicaSets.get(key);
    if (!set) return;
    await claimChildren(pods, ReplicaSet, set, set.spec?.selector);
    const failure = set.metadata.deletionTimestamp ? undefined : await scale(set);
    const again = await writeStatus(set, failure);
    if (failure !== undefined) throw failure.error;
    return again;
  }

  function activePods(set: Stored<ReplicaSet>): Stored<Pod>[] {
    return pods.controlledBy(set).filter(isActive);
  }

  async function scale(set: Stored<ReplicaSet>): Promise<Failure | undefined> {
    const active = activePods(set);
    const missing = (set.spec?.replicas ?? 1) - active.length;
    try {
      if (missing > 0) {
        await slowStart(Math.min(missing, BURST), () =>
          control.create(set, podFromTemplate(set.spec?.template, ReplicaSet, set)),
        );
      } else if (missing < 0) {
        const victims = active.sort(byDispensability).slice(0, Math.min(-missing, BURST));
        await Promise.all(victims.map((pod) => control.delete(set, pod)));
      }
      return undefined;
    } catch (error) {
      const reason = missing > 0 ? 'FailedCreate' : 'FailedDelete';
      return { reason, error: error instanceof Error ? error : new Error(messageOf(error)) };
    }
  }

  /** Returns milliseconds until a Pod becomes available by the passing of time alone. */
  async function writeStatus(set: Stored<ReplicaSet>, failure: Failure | undefined): Promise<number | void> {
    const active = activePods(set);
    const now = clock.now();
    const waits = active.map((pod) => untilAvailable(pod, set.spec?.minReadySeconds ?? 0, now));
    const templateLabels = set.spec?.template?.metadata?.labels ?? {};
    const status: ReplicaSetStatus = {
      replicas: active.length,
      ...nonZero({
        fullyLabeledReplicas: active.filter((pod) => matchesLabels(pod.metadata.labels, templateLabels)).length,
        readyReplicas: active.filter(isReady).length,
        availableReplicas: waits.filter((wait) => wait === 0).length,
      }),
      ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
      conditions: withFailure(set.status?.conditions ?? [], failure, rfc3339(now)),
    };
    if (!sameValue(status, set.status)) await replicaSets.updateStatus({ ...set, status });
    const pending = waits.filter((wait): wait is number => wait !== undefined && wait > 0);
    return pending.length > 0 ? Math.min(...pending) : undefined;
  }
}

/** What failed first stays there until nothing fails: each refusal names another Pod, and would be another write. */
function withFailure(
  conditions: readonly ReplicaSetCondition[],
  failure: Failure | undefined,
  now: string,
): ReplicaSetCondition[] {
  const type = 'ReplicaFailure';
  if (!failure) return withoutCondition(conditions, type);
  if (conditionOf(conditions, type)) return [...conditions];
  const condition = { type, status: 'True', reason: failure.reason, message: failure.error.message };
  return withCondition(conditions, condition, now);
}
