import { DaemonSet, type ControllerRevision, type Node, type ObjectKey, type Pod } from '@stackwright/kube';
import type { DaemonSetStatus } from 'kubernetes-types/apps/v1.d.ts';
import { messageOf } from '../../shared/log.js';
import { controllerOf, nonZero, sameValue, type Stored } from '../../shared/objects.js';
import { byDispensability, isFinished, isReady, isTerminating, untilAvailable } from '../../shared/pods.js';
import { claimChildren } from '../claim.js';
import type { Context } from '../context.js';
import { REVISION_LABEL, surplusRevisions, syncHistory, type History } from '../history.js';
import { Loop } from '../loop.js';
import { PodControl } from '../pod-control.js';
import { hashOf, isAvailable, newPod, nodeOf, suitability } from './pods.js';
import { rollout, type NodePods } from './rollout.js';

/** Milliseconds before a failed Pod is replaced; doubles with each further failure on the same node. */
const FIRST_BACKOFF = 1000;
const LAST_BACKOFF = 15 * 60_000;

export function daemonSetController({ stores, clock, log, events }: Context): Loop {
  const { daemonSets, pods, nodes, controllerRevisions } = stores;
  const recorder = events('daemonset-controller');
  const control = new PodControl(pods, recorder, DaemonSet);
  const loop = new Loop({ name: 'daemonset', reconcile, clock, log });
  /** When Pods failed on a node last and how often, by set and node. */
  const failures = new Map<string, { count: number; last: number }>();

  daemonSets.onChange(({ object, deleted }) => {
    loop.add(object);
    if (deleted) for (const key of failures.keys()) if (key.startsWith(object.metadata.uid)) failures.delete(key);
  });
  nodes.onChange(({ object, previous, deleted }) => {
    // Nodes say that they are alive every few seconds: that alone moves no daemon.
    if (!deleted && previous && sameValue(shape(object), shape(previous))) return;
    for (const set of daemonSets.list()) loop.add(set);
  });
  pods.onChange(({ object, previous }) => {
    for (const pod of [object, previous]) {
      const owner = pod && controllerOf(pod);
      if (pod && owner?.kind === DaemonSet.kind) loop.add({ namespace: pod.metadata.namespace, name: owner.name });
    }
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<number | void> {
    const set = daemonSets.get(key);
    if (!set || set.metadata.deletionTimestamp) return;
    const { selector } = set.spec ?? {};
    const known = await claimChildren(controllerRevisions, DaemonSet, set, selector);
    const history = await syncHistory(controllerRevisions, DaemonSet, set, known, REVISION_LABEL);
    await claimChildren(pods, DaemonSet, set, selector);
    let failure: unknown;
    let wait: number | undefined;
    try {
      wait = await place(set, history.update);
      await rollOut(set, history.update);
    } catch (error) {
      failure = error;
    }
    const again = await writeStatus(set, history);
    const used = new Set(pods.controlledBy(set).map(({ metadata }) => metadata.labels?.[REVISION_LABEL]));
    for (const revision of surplusRevisions(set, history, (each) => used.has(hashOf(each))))
      await controllerRevisions.delete(revision);
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error(messageOf(failure));
    const waits = [wait, again].filter((value) => value !== undefined);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  function byNode(set: Stored<DaemonSet>): Map<string, Stored<Pod>[]> {
    const found = new Map<string, Stored<Pod>[]>();
    for (const pod of pods.controlledBy(set)) {
      const node = nodeOf(pod);
      if (node !== undefined) found.set(node, [...(found.get(node) ?? []), pod]);
    }
    return found;
  }

  /** One Pod on every node that shall have one. Returns milliseconds until a failed one may be replaced. */
  async function place(set: Stored<DaemonSet>, revision: Stored<ControllerRevision>): Promise<number | undefined> {
    const placed = byNode(set);
    const waits: number[] = [];
    for (const node of nodes.list()) {
      const here = placed.get(node.metadata.name) ?? [];
      placed.delete(node.metadata.name);
      const { shouldRun, mayStay } = suitability(set, node);
      if (!mayStay) {
        for (const pod of here) if (!isTerminating(pod)) await control.delete(set, pod);
        continue;
      }
      if (!shouldRun && here.length === 0) continue;
      const wait = await placeOn(set, node, here, shouldRun, revision);
      if (wait !== undefined) waits.push(wait);
    }
    // Their nodes are gone.
    for (const pod of [...placed.values()].flat()) if (!isTerminating(pod)) await control.delete(set, pod);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  async function placeOn(
    set: Stored<DaemonSet>,
    node: Stored<Node>,
    here: readonly Stored<Pod>[],
    shouldRun: boolean,
    revision: Stored<ControllerRevision>,
  ): Promise<number | undefined> {
    const { name } = node.metadata;
    for (const pod of here.filter(isFinished)) {
      if (isTerminating(pod)) continue;
      const wait = holdOff(set, name, pod);
      if (wait > 0) return wait;
      const message = `Found failed daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${name}, will try to kill it`;
      recorder.record(DaemonSet, set, 'Warning', 'FailedDaemonPod', message);
      await control.delete(set, pod);
    }
    const living = here.filter((pod) => !isFinished(pod));
    if (living.length === 0 && here.length === 0 && shouldRun) await control.create(set, newPod(set, name, revision));
    // More than one of a template is one too many; of two templates both may run for a while.
    for (const twins of [living.filter((pod) => isOf(pod, revision)), living.filter((pod) => !isOf(pod, revision))]) {
      const active = twins.filter((pod) => !isTerminating(pod)).sort(byDispensability);
      for (const pod of active.slice(0, -1)) await control.delete(set, pod);
    }
    return undefined;
  }

  function holdOff(set: Stored<DaemonSet>, node: string, pod: Stored<Pod>): number {
    const key = `${set.metadata.uid}/${node}`;
    const before = failures.get(key);
    const delay = before ? Math.min(FIRST_BACKOFF * 2 ** (before.count - 1), LAST_BACKOFF) : 0;
    const left = before ? before.last + delay - clock.now() : 0;
    if (left > 0) return left;
    log.debug('a daemon failed', { pod: pod.metadata.name });
    failures.set(key, { count: (before?.count ?? 0) + 1, last: clock.now() });
    return 0;
  }

  async function rollOut(set: Stored<DaemonSet>, revision: Stored<ControllerRevision>): Promise<void> {
    if (set.spec?.updateStrategy?.type === 'OnDelete') return;
    const placed = byNode(set);
    const wanted = nodes.list().filter((node) => suitability(set, node).shouldRun);
    const state: NodePods[] = wanted.map(({ metadata: { name } }) => ({ node: name, pods: placed.get(name) ?? [] }));
    const { deletions, surges } = rollout(set, state, {
      isNew: (pod) => isOf(pod, revision),
      isAvailable: (pod) => isAvailable(pod, set, clock.now()),
    });
    for (const node of surges) await control.create(set, newPod(set, node, revision));
    for (const pod of deletions) await control.delete(set, pod);
  }

  /** Returns milliseconds until a Pod becomes available by the passing of time alone. */
  async function writeStatus(set: Stored<DaemonSet>, history: History): Promise<number | undefined> {
    const placed = byNode(set);
    const now = clock.now();
    const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, available: 0, updated: 0 };
    const waits: number[] = [];
    for (const node of nodes.list()) {
      const here = placed.get(node.metadata.name) ?? [];
      if (!suitability(set, node).shouldRun) {
        if (here.length > 0) counts.misscheduled += 1;
        continue;
      }
      counts.desired += 1;
      // The youngest speaks for its node: while it surges it is the new one.
      const pod = [...here].sort((a, b) => Number(isOf(b, history.update)) - Number(isOf(a, history.update)))[0];
      if (!pod) continue;
      counts.current += 1;
      if (here.some(isReady)) counts.ready += 1;
      if (here.some((each) => isAvailable(each, set, now))) counts.available += 1;
      if (isOf(pod, history.update)) counts.updated += 1;
      const wait = untilAvailable(pod, set.spec?.minReadySeconds ?? 0, now) ?? 0;
      if (wait > 0) waits.push(wait);
    }
    const status: DaemonSetStatus = {
      currentNumberScheduled: counts.current,
      desiredNumberScheduled: counts.desired,
      numberMisscheduled: counts.misscheduled,
      numberReady: counts.ready,
      ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
      ...nonZero({
        numberAvailable: counts.available,
        numberUnavailable: counts.desired - counts.available,
        updatedNumberScheduled: counts.updated,
        collisionCount: history.collisions,
      }),
    };
    if (!sameValue(status, set.status)) await daemonSets.updateStatus({ ...set, status });
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }
}

/** What decides which daemons a node has. */
const shape = ({ metadata, spec }: Node): object => ({ labels: metadata?.labels, spec });

const isOf = ({ metadata }: Pod, revision: ControllerRevision): boolean =>
  metadata?.labels?.[REVISION_LABEL] === hashOf(revision);
