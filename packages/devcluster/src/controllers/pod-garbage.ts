// Pods of nodes that are not there: no kubelet will ever end them, or say what became of them.
import type { ObjectKey, Pod } from '@stackwright/kube';
import { rfc3339 } from '../shared/clock.js';
import type { Stored } from '../shared/objects.js';
import { isFinished } from '../shared/pods.js';
import { withCondition } from './conditions.js';
import type { Context } from './context.js';
import { Loop } from './loop.js';

/** How long a node may be away before its Pods are lost, in milliseconds, as on a real cluster: it may only be late. */
const QUARANTINE = 40_000;

export function podGarbageController({ stores, clock, log }: Context): Loop {
  const { nodes, pods } = stores;
  const loop = new Loop({ name: 'pod-garbage', reconcile, clock, log });
  pods.onChange(({ object, deleted }) => {
    if (!deleted) consider(object);
  });
  nodes.onChange(({ object, deleted }) => {
    if (deleted) for (const pod of pods.list()) if (pod.spec?.nodeName === object.metadata.name) consider(pod);
  });
  return loop;

  function consider(pod: Stored<Pod>): void {
    if (isOrphaned(pod)) loop.addAfter(pod, QUARANTINE);
  }

  function isOrphaned({ spec }: Stored<Pod>): boolean {
    return spec?.nodeName ? nodes.get({ name: spec.nodeName }) === undefined : false;
  }

  async function reconcile(key: ObjectKey): Promise<void> {
    const pod = pods.get(key);
    if (!pod || !isOrphaned(pod)) return;
    if (!isFinished(pod)) await pods.updateStatus(lost(pod));
    await pods.delete(pod, { gracePeriodSeconds: 0 });
  }

  /** Failed, and why: whoever counts the failures of Pods (a Job's `podFailurePolicy`) sees that it was not theirs. */
  function lost(pod: Stored<Pod>): Pod {
    const now = rfc3339(clock.now());
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
      lastTransitionTime: now,
    };
    const conditions = withCondition(pod.status?.conditions ?? [], condition, now);
    return { ...pod, status: { ...pod.status, phase: 'Failed', conditions } };
  }
}
