// The arithmetic of a Deployment: how many Pods it may have, must have, and how a scaling is shared out.
import type { Deployment, ReplicaSet } from '@stackwright/kube';
import type { Stored } from '../../shared/objects.js';
import { share as partOf } from '../share.js';

export type Sets = readonly Stored<ReplicaSet>[];

export const DESIRED = 'deployment.kubernetes.io/desired-replicas';
export const MAX = 'deployment.kubernetes.io/max-replicas';

export function desired(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return deployment.spec?.strategy?.type !== 'Recreate';
}

export function limits(deployment: Deployment): { maxSurge: number; maxUnavailable: number } {
  if (!isRollingUpdate(deployment)) return { maxSurge: 0, maxUnavailable: desired(deployment) };
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const total = desired(deployment);
  const maxSurge = partOf(rolling?.maxSurge ?? '25%', total);
  const maxUnavailable = partOf(rolling?.maxUnavailable ?? '25%', total, Math.floor);
  // Both zero would be a rollout that can never move.
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : Math.min(maxUnavailable, total) };
}

export function specReplicas(sets: Sets): number {
  return sets.reduce((sum, set) => sum + (set.spec?.replicas ?? 1), 0);
}

export function statusSum(sets: Sets, field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number {
  return sets.reduce((sum, set) => sum + (set.status?.[field] ?? 0), 0);
}

export function active(sets: Sets): Stored<ReplicaSet>[] {
  return sets.filter((set) => (set.spec?.replicas ?? 1) > 0);
}

export function byAge(a: Stored, b: Stored): number {
  const [left, right] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (left !== right) return left < right ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** How many replicas the new ReplicaSet may have now, given what all sets have together. */
export function nextNewReplicas(deployment: Deployment, all: Sets, current: Stored<ReplicaSet>): number {
  const own = current.spec?.replicas ?? 1;
  if (own >= desired(deployment)) return desired(deployment);
  if (!isRollingUpdate(deployment)) return desired(deployment);
  const room = desired(deployment) + limits(deployment).maxSurge - specReplicas(all);
  return room <= 0 ? own : Math.min(own + room, desired(deployment));
}

/**
 * How many replicas of old ReplicaSets go now, by name of the set: first those that are not available anyway, then, as
 * far as availability allows, the oldest.
 */
export function scaleDownOld(
  deployment: Deployment,
  old: Sets,
  current: Stored<ReplicaSet> | undefined,
): Map<string, number> {
  const minimum = desired(deployment) - limits(deployment).maxUnavailable;
  const all = current ? [...old, current] : old;
  const newUnavailable = current ? (current.spec?.replicas ?? 1) - (current.status?.availableReplicas ?? 0) : 0;
  let removable = specReplicas(all) - minimum - newUnavailable;
  const result = new Map<string, number>();
  const sizes = new Map(
    active(old)
      .sort(byAge)
      .map((set) => [set.metadata.name, set.spec?.replicas ?? 1]),
  );
  if (removable <= 0) return result;

  const take = (set: Stored<ReplicaSet>, count: number): void => {
    if (count <= 0) return;
    const left = (sizes.get(set.metadata.name) ?? 0) - count;
    sizes.set(set.metadata.name, left);
    result.set(set.metadata.name, left);
  };
  for (const set of active(old).sort(byAge)) {
    const unhealthy = (set.spec?.replicas ?? 1) - (set.status?.availableReplicas ?? 0);
    const count = Math.min(removable, unhealthy);
    take(set, count);
    removable -= Math.max(count, 0);
  }
  let spare = statusSum(all, 'availableReplicas') - minimum;
  for (const set of active(old).sort(byAge)) {
    const count = Math.min(spare, sizes.get(set.metadata.name) ?? 0);
    take(set, count);
    spare -= Math.max(count, 0);
  }
  return result;
}

/** A scaling in the middle of a rollout is shared among the sets by their size, so that the rollout's state is kept. */
export function shareOut(deployment: Deployment, all: Sets): Map<string, number> {
  const sets = active(all);
  const total = specReplicas(sets);
  const allowed = desired(deployment) > 0 ? desired(deployment) + limits(deployment).maxSurge : 0;
  let rest = allowed - total;
  const growing = rest > 0;
  // The largest set first, and of equals the newest when growing and the oldest when shrinking.
  sets.sort((a, b) => (b.spec?.replicas ?? 1) - (a.spec?.replicas ?? 1) || (growing ? byAge(b, a) : byAge(a, b)));
  const result = new Map<string, number>();
  for (const set of sets) {
    const size = set.spec?.replicas ?? 1;
    const formerMax = Number(set.metadata.annotations?.[MAX] ?? total);
    const target = desired(deployment) === 0 ? 0 : Math.round((size * allowed) / Math.max(formerMax, 1));
    const share = growing ? Math.min(Math.max(target - size, 0), rest) : Math.max(Math.min(target - size, 0), rest);
    rest -= share;
    result.set(set.metadata.name, size + share);
  }
  const first = sets[0];
  if (first) result.set(first.metadata.name, Math.max(0, (result.get(first.metadata.name) ?? 0) + rest));
  return result;
}
