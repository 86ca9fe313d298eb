// How many Pods of each disruption budget may be taken away on purpose: what evictions are decided by.
import {
  Deployment,
  PodDisruptionBudget,
  ReplicaSet,
  StatefulSet,
  type ObjectKey,
  type Pod,
  matchesSelector,
} from '@stackwright/kube';
import type { Condition } from 'kubernetes-types/meta/v1.d.ts';
import type { PodDisruptionBudgetStatus } from 'kubernetes-types/policy/v1.d.ts';
import { millisecondsOf, rfc3339 } from '../shared/clock.js';
import { messageOf } from '../shared/log.js';
import { controllerOf, sameValue, type Stored } from '../shared/objects.js';
import { isReady, isTerminating } from '../shared/pods.js';
import { conditionOf, withCondition } from './conditions.js';
import type { Context } from './context.js';
import { Loop } from './loop.js';
import { share } from './share.js';

/** How long an evicted Pod counts as gone although its deletion has not been seen. */
const DELETION_TIMEOUT = 2 * 60_000;

interface Need {
  expectedPods: number;
  desiredHealthy: number;
}

export function disruptionController({ stores, clock, log, events }: Context): Loop {
  const { budgets, pods, deployments, replicaSets, statefulSets } = stores;
  const recorder = events('controllermanager');
  const loop = new Loop({ name: 'disruption', reconcile, clock, log });

  budgets.onChange(({ object }) => loop.add(object));
  pods.onChange(({ object, previous }) => {
    for (const budget of budgets.list(object.metadata.namespace)) {
      const { selector } = budget.spec ?? {};
      if (matchesSelector(selector, object.metadata.labels) || matchesSelector(selector, previous?.metadata.labels))
        loop.add(budget);
    }
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<number | void> {
    const budget = budgets.get(key);
    if (!budget || budget.metadata.deletionTimestamp) return;
    const chosen = pods
      .list(budget.metadata.namespace)
      .filter((pod) => matchesSelector(budget.spec?.selector, pod.metadata.labels));
    if (chosen.length === 0) recorder.record(PodDisruptionBudget, budget, 'Normal', 'NoPods', 'No matching pods found');
    let need: Need;
    try {
      need = needOf(budget, chosen);
    } catch (error) {
      const message = messageOf(error);
      recorder.record(
        PodDisruptionBudget,
        budget,
        'Warning',
        'CalculateExpectedPodCountFailed',
        `Failed to calculate the number of expected pods: ${message}`,
      );
      return failSafe(budget, message);
    }
    const disruptedPods = stillDisrupted(budget, chosen);
    const currentHealthy = chosen.filter(
      (pod) => isReady(pod) && !isTerminating(pod) && disruptedPods[pod.metadata.name] === undefined,
    ).length;
    const spare = need.expectedPods > 0 ? currentHealthy - need.desiredHealthy : 0;
    await write(budget, { ...need, currentHealthy, disruptionsAllowed: Math.max(0, spare), disruptedPods });
    const ends = Object.values(disruptedPods).map((time) => millisecondsOf(time) + DELETION_TIMEOUT - clock.now());
    return ends.length > 0 ? Math.max(1, Math.min(...ends)) : undefined;
  }

  function needOf({ spec = {} }: PodDisruptionBudget, chosen: readonly Stored<Pod>[]): Need {
    const { minAvailable, maxUnavailable } = spec;
    if (maxUnavailable !== undefined) {
      const expectedPods = scaleOf(chosen);
      return { expectedPods, desiredHealthy: Math.max(0, expectedPods - share(maxUnavailable, expectedPods)) };
    }
    if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
    const expectedPods = typeof minAvailable === 'number' ? chosen.length : scaleOf(chosen);
    return { expectedPods, desiredHealthy: share(minAvailable, expectedPods) };
  }

  /** How many Pods the controllers of these Pods want, each controller counted once. Pods without one do not count. */
  function scaleOf(chosen: readonly Stored<Pod>[]): number {
    const scales = new Map<string, number>();
    for (const pod of chosen) {
      const owner = controllerOf(pod);
      if (!owner || scales.has(owner.uid)) continue;
      const [uid, replicas] = controllerScale(pod, owner);
      scales.set(uid, replicas);
    }
    return [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  }

  function controllerScale(pod: Stored<Pod>, owner: NonNullable<ReturnType<typeof controllerOf>>): [string, number] {
    const key = { namespace: pod.metadata.namespace, name: owner.name };
    if (owner.kind === StatefulSet.kind) {
      const set = statefulSets.get(key);
      if (set?.metadata.uid === owner.uid) return [owner.uid, set.spec?.replicas ?? 1];
    }
    if (owner.kind === ReplicaSet.kind) {
      const set = replicaSets.get(key);
      const parent = set && controllerOf(set);
      const deployment = parent?.kind === Deployment.kind ? deployments.get({ ...key, name: parent.name }) : undefined;
      // While it rolls out, several ReplicaSets share the replicas of one Deployment.
      if (deployment) return [deployment.metadata.uid, deployment.spec?.replicas ?? 1];
      if (set?.metadata.uid === owner.uid) return [owner.uid, set.spec?.replicas ?? 1];
    }
    throw new Error(`found no controllers for pod "${pod.metadata.name}" that have a scale`);
  }

  function stillDisrupted(budget: PodDisruptionBudget, chosen: readonly Stored<Pod>[]): Record<string, string> {
    const kept: Record<string, string> = {};
    for (const pod of chosen) {
      const time = budget.status?.disruptedPods?.[pod.metadata.name];
      if (time === undefined || isTerminating(pod)) continue;
      if (clock.now() - millisecondsOf(time) < DELETION_TIMEOUT) kept[pod.metadata.name] = time;
    }
    return kept;
  }

  /** Nothing may be disrupted while it is unclear how much may. */
  async function failSafe(budget: Stored<PodDisruptionBudget>, message: string): Promise<void> {
    const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = budget.status ?? {};
    await write(budget, { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: 0 }, message);
  }

  async function write(
    budget: Stored<PodDisruptionBudget>,
    counts: Omit<PodDisruptionBudgetStatus, 'conditions' | 'observedGeneration'>,
    failure?: string,
  ): Promise<void> {
    const allowed = counts.disruptionsAllowed > 0;
    const observedGeneration = budget.metadata.generation ?? 0;
    const reason = failure === undefined ? (allowed ? 'SufficientPods' : 'InsufficientPods') : 'SyncFailed';
    const { disruptedPods = {}, ...rest } = counts;
    const before = conditionOf(budget.status?.conditions, 'DisruptionAllowed');
    const condition: Condition = {
      type: 'DisruptionAllowed',
      status: allowed ? 'True' : 'False',
      reason,
      message: failure ?? '',
      observedGeneration,
      lastTransitionTime: before?.lastTransitionTime ?? rfc3339(clock.now()),
    };
    const others = budget.status?.conditions ?? [];
    const conditions = withCondition(others, condition, rfc3339(clock.now())).map((each) =>
      each.type === condition.type ? { ...each, observedGeneration } : each,
    );
    const status: PodDisruptionBudgetStatus = {
      ...rest,
      ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
      observedGeneration,
      conditions,
    };
    if (!sameValue(status, budget.status)) await budgets.updateStatus({ ...budget, status });
  }
}
