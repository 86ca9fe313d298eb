// What Kubernetes' controllers mean by ready, available, active and finished.
import type { Pod } from '@stackwright/kube';
import type { PodCondition } from 'kubernetes-types/core/v1.d.ts';
import { millisecondsOf } from './clock.js';
import type { Stored } from './objects.js';

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

export function isReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Succeeded or Failed: nothing runs in it any more and nothing will. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined;
}

export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !isTerminating(pod);
}

/** Milliseconds until the Pod counts as available; 0 when it does, undefined while it is not ready. */
export function untilAvailable(pod: Pod, minReadySeconds: number, now: number): number | undefined {
  if (!isReady(pod)) return undefined;
  if (minReadySeconds <= 0) return 0;
  return Math.max(0, millisecondsOf(podCondition(pod, 'Ready')?.lastTransitionTime) + minReadySeconds * 1000 - now);
}

export function restarts(pod: Pod): number {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.reduce((sum, status) => sum + status.restartCount, 0);
}

/** Which Pods to give up first: those whose loss costs least come first. */
export function byDispensability(a: Stored<Pod>, b: Stored<Pod>): number {
  const phase: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };
  const ranks = (pod: Stored<Pod>): number[] => [
    pod.spec?.nodeName ? 1 : 0,
    phase[pod.status?.phase ?? 'Pending'] ?? 0,
    isReady(pod) ? 1 : 0,
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0),
    // The Pod that became ready last goes first, so do the one that restarted most and the youngest.
    -millisecondsOf(podCondition(pod, 'Ready')?.lastTransitionTime),
    -restarts(pod),
    -millisecondsOf(pod.metadata.creationTimestamp),
  ];
  const [left, right] = [ranks(a), ranks(b)];
  const different = left.findIndex((rank, index) => rank !== right[index]);
  if (different < 0) return a.metadata.name < b.metadata.name ? -1 : 1;
  return (left[different] ?? 0) - (right[different] ?? 0);
}
