import { isNotFound, pathOf, Pod, type Client, type ObjectKey } from '@stackwright/kube';
import type { PodCondition } from 'kubernetes-types/core/v1.d.ts';
import { rfc3339, type Clock } from '../../shared/clock.js';
import { EventRecorder } from '../../shared/events.js';
import type { Log } from '../../shared/log.js';
import { sameValue, type Stored } from '../../shared/objects.js';
import { isFinished, podCondition } from '../../shared/pods.js';
import { withCondition } from '../conditions.js';
import type { Stores } from '../context.js';
import { Loop } from '../loop.js';
import { claimMisfit, misfits, type ClusterState } from './filters.js';

const SCHEDULER = 'default-scheduler';

/** Gives Pods a node when one fits, and says why when none does. One Pod at a time, so that room is not given away twice. */
export function scheduler(options: { client: Client; stores: Stores; clock: Clock; log: Log }): Loop {
  const { client, clock, log } = options;
  const { pods, nodes, claims } = options.stores;
  const recorder = new EventRecorder({ client, component: SCHEDULER, clock, log });
  const loop = new Loop({ name: 'scheduler', reconcile, clock, log, workers: 1 });
  const state: ClusterState = {
    get pods() {
      return pods.list();
    },
    get nodes() {
      return nodes.list();
    },
    claim: (namespace, name) => claims.get({ namespace, name }),
  };

  pods.onChange(({ object, deleted }) => {
    if (!deleted && isWaiting(object)) loop.add(object);
    // Room was made.
    if (object.spec?.nodeName && (deleted || isFinished(object))) addWaiting();
  });
  nodes.onChange(addWaiting);
  claims.onChange(({ object }) => {
    if (object.status?.phase === 'Bound') addWaiting();
  });
  return loop;

  function addWaiting(): void {
    for (const pod of pods.list()) if (isWaiting(pod)) loop.add(pod);
  }

  async function reconcile(key: ObjectKey): Promise<void> {
    const pod = pods.get(key);
    if (!pod || !isWaiting(pod)) return;
    const verdict = place(pod);
    if (verdict.node === undefined) return refuse(pod, verdict.reason);
    await bind(pod, verdict.node);
    recorder.record(
      Pod,
      pod,
      'Normal',
      'Scheduled',
      `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${verdict.node}`,
    );
  }

  function place(pod: Stored<Pod>): { node: string } | { node?: undefined; reason: string } {
    const all = nodes.list();
    const preface = `0/${all.length} nodes are available: `;
    if (all.length === 0) return { reason: 'no nodes available to schedule pods' };
    const claim = claimMisfit(pod, state);
    if (claim !== undefined)
      return {
        reason: `${preface}${claim}. preemption: 0/${all.length} nodes are available: ${all.length} Preemption is not helpful for scheduling.`,
      };
    const counts = new Map<string, number>();
    for (const node of all) {
      const reasons = misfits(pod, node, state);
      if (reasons.length === 0) return { node: node.metadata.name };
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    return {
      reason: `${preface}${[...counts]
        .map(([reason, count]) => `${count} ${reason}`)
        .sort()
        .join(', ')}.`,
    };
  }

  async function refuse(pod: Stored<Pod>, message: string): Promise<void> {
    const condition: PodCondition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    const conditions = withCondition(pod.status?.conditions ?? [], condition, rfc3339(clock.now()));
    if (sameValue(conditions, pod.status?.conditions)) return;
    await pods.updateStatus({ ...pod, status: { ...pod.status, phase: 'Pending', conditions } });
    recorder.record(Pod, pod, 'Warning', 'FailedScheduling', message);
  }

  /** The binding subresource sets the node and `PodScheduled`. */
  async function bind(pod: Stored<Pod>, node: string): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { namespace, name, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      await client.raw('POST', pathOf(Pod, { namespace, name }, 'binding'), {
        body: JSON.stringify(body),
        contentType: 'application/json',
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    const bound = await pods.refresh(pod);
    if (bound && podCondition(bound, 'PodScheduled')?.status !== 'True') {
      const condition: PodCondition = { type: 'PodScheduled', status: 'True' };
      const conditions = withCondition(
        (bound.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled'),
        condition,
        rfc3339(clock.now()),
      );
      await pods.updateStatus({ ...bound, status: { ...bound.status, conditions } });
    }
  }
}

function isWaiting(pod: Pod): boolean {
  const { nodeName, schedulerName = SCHEDULER, schedulingGates = [] } = pod.spec ?? {};
  return (
    !nodeName &&
    schedulerName === SCHEDULER &&
    schedulingGates.length === 0 &&
    !isFinished(pod) &&
    !pod.metadata?.deletionTimestamp
  );
}
