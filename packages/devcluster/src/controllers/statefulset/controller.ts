import type { Pod } from '@stackwright/kube';
import { isAlreadyExists, StatefulSet, type ObjectKey } from '@stackwright/kube';
import type { StatefulSetStatus } from 'kubernetes-types/apps/v1.d.ts';
import { messageOf } from '../../shared/log.js';
import { controllerOf, nonZero, sameValue, type Stored } from '../../shared/objects.js';
import { isFinished, isTerminating, untilAvailable } from '../../shared/pods.js';
import { claimChildren } from '../claim.js';
import type { Context } from '../context.js';
import { Loop } from '../loop.js';
import {
  isAvailable,
  isHealthy,
  isRunningAndReady,
  newClaims,
  newPod,
  ordinalOf,
  podName,
  revisionOf,
} from './pods.js';
import { atRevision, surplusRevisions, syncRevisions, type Revisions } from './revisions.js';

/** What one pass works on. */
interface Pass {
  set: Stored<StatefulSet>;
  revisions: Revisions;
  /** By ordinal, among the replicas that shall be; holes have yet to be made. */
  replicas: (Stored<Pod> | undefined)[];
  /** Pods beyond the wanted replicas, highest ordinal first. */
  condemned: Stored<Pod>[];
}

export function statefulSetController({ stores, clock, log, events }: Context): Loop {
  const { statefulSets, pods, claims, controllerRevisions } = stores;
  const recorder = events('statefulset-controller');
  const loop = new Loop({ name: 'statefulset', reconcile, clock, log });

  statefulSets.onChange(({ object }) => loop.add(object));
  pods.onChange(({ object, previous }) => {
    for (const pod of [object, previous]) {
      const owner = pod && controllerOf(pod);
      if (pod && owner?.kind === 'StatefulSet') loop.add({ namespace: pod.metadata.namespace, name: owner.name });
    }
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<number | void> {
    const set = statefulSets.get(key);
    if (!set || set.metadata.deletionTimestamp) return;
    const owned = await claimChildren(controllerRevisions, StatefulSet, set, set.spec?.selector);
    const revisions = await syncRevisions(controllerRevisions, set, owned);
    const children = (await claimChildren(pods, StatefulSet, set, set.spec?.selector)).filter(
      (pod) => ordinalOf(set, pod.metadata.name) !== undefined,
    );
    let failure: unknown;
    try {
      await advance(arrange(set, revisions, children));
    } catch (error) {
      failure = error;
    }
    const again = await writeStatus(set, revisions);
    const used = new Set(pods.controlledBy(set).map(revisionOf));
    for (const revision of surplusRevisions(set, revisions, used)) await controllerRevisions.delete(revision);
    if (failure !== undefined) throw failure instanceof Error ? failure : new Error(messageOf(failure));
    return again;
  }

  function arrange(set: Stored<StatefulSet>, revisions: Revisions, children: readonly Stored<Pod>[]): Pass {
    const start = set.spec?.ordinals?.start ?? 0;
    const end = start + (set.spec?.replicas ?? 1);
    const byOrdinal = new Map(children.map((pod) => [ordinalOf(set, pod.metadata.name) ?? -1, pod]));
    const replicas = Array.from({ length: end - start }, (_, index) => byOrdinal.get(start + index));
    const condemned = [...byOrdinal]
      .filter(([ordinal]) => ordinal < start || ordinal >= end)
      .sort(([a], [b]) => b - a)
      .map(([, pod]) => pod);
    return { set, revisions, replicas, condemned };
  }

  /** One pass; with OrderedReady at most one Pod is made or removed in it. */
  async function advance(pass: Pass): Promise<void> {
    const ordered = pass.set.spec?.podManagementPolicy !== 'Parallel';
    const start = pass.set.spec?.ordinals?.start ?? 0;
    for (const [index, pod] of pass.replicas.entries()) {
      const settled = await ensureReplica(pass, start + index, pod, ordered);
      if (!settled && ordered) return;
    }
    if (!(await scaleDown(pass, ordered))) return;
    await rollOut(pass);
  }

  /** True when the replica is there and healthy, so that the next one may be looked at. */
  async function ensureReplica(
    pass: Pass,
    ordinal: number,
    pod: Stored<Pod> | undefined,
    ordered: boolean,
  ): Promise<boolean> {
    const { set } = pass;
    if (pod && isFinished(pod) && !isTerminating(pod)) {
      recorder.record(
        StatefulSet,
        set,
        'Warning',
        'RecreatingFailedPod',
        `StatefulSet ${set.metadata.namespace}/${set.metadata.name} is recreating failed Pod ${pod.metadata.name}`,
      );
      await remove(set, pod);
      return false;
    }
    if (pod) {
      if (!isTerminating(pod)) await ensureClaims(set, ordinal);
      return isHealthy(pod) && (!ordered || isAvailable(pod, set, clock.now()));
    }
    await ensureClaims(set, ordinal);
    const revision = revisionFor(pass, ordinal);
    await make(set, newPod(atRevision(set, revision), ordinal, revision.metadata.name));
    return false;
  }

  /** Below the partition a Pod comes back as it was. */
  function revisionFor({ set, revisions }: Pass, ordinal: number): Revisions['update'] {
    const strategy = set.spec?.updateStrategy;
    const first = (set.spec?.ordinals?.start ?? 0) + (strategy?.rollingUpdate?.partition ?? 0);
    return strategy?.type !== 'OnDelete' && ordinal < first ? revisions.current : revisions.update;
  }

  /** From the highest ordinal down. False while that goes on. */
  async function scaleDown({ set, condemned }: Pass, ordered: boolean): Promise<boolean> {
    for (const pod of ordered ? condemned.slice(0, 1) : condemned) if (!isTerminating(pod)) await remove(set, pod);
    return !ordered || condemned.length === 0;
  }

  /** Replaces one Pod at a time, from the highest ordinal down to the partition, and waits for each. */
  async function rollOut({ set, revisions, replicas }: Pass): Promise<void> {
    if (set.spec?.updateStrategy?.type === 'OnDelete') return;
    const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    for (const pod of replicas.slice(partition).reverse()) {
      if (!pod) return;
      if (revisionOf(pod) !== revisions.update.metadata.name && !isTerminating(pod)) return remove(set, pod);
      if (!isHealthy(pod) || !isAvailable(pod, set, clock.now())) return;
    }
  }

  async function ensureClaims(set: Stored<StatefulSet>, ordinal: number): Promise<void> {
    for (const claim of newClaims(set, ordinal)) {
      if (claims.get({ namespace: set.metadata.namespace, name: claim.metadata?.name ?? '' })) continue;
      try {
        await claims.create(claim);
        const message = `create Claim ${claim.metadata?.name ?? ''} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name} success`;
        recorder.record(StatefulSet, set, 'Normal', 'SuccessfulCreate', message);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
  }

  async function make(set: Stored<StatefulSet>, pod: Pod): Promise<void> {
    const subject = `Pod ${pod.metadata?.name ?? ''} in StatefulSet ${set.metadata.name}`;
    try {
      await pods.create(pod);
      recorder.record(StatefulSet, set, 'Normal', 'SuccessfulCreate', `create ${subject} successful`);
    } catch (error) {
      recorder.record(
        StatefulSet,
        set,
        'Warning',
        'FailedCreate',
        `create ${subject} failed error: ${messageOf(error)}`,
      );
      throw error;
    }
  }

  async function remove(set: Stored<StatefulSet>, pod: Stored<Pod>): Promise<void> {
    await pods.delete(pod);
    const message = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`;
    recorder.record(StatefulSet, set, 'Normal', 'SuccessfulDelete', message);
  }

  /** Returns milliseconds until a Pod becomes available by the passing of time alone. */
  async function writeStatus(
    set: Stored<StatefulSet>,
    { current, update, collisions }: Revisions,
  ): Promise<number | void> {
    const children = pods.controlledBy(set).filter((pod) => ordinalOf(set, pod.metadata.name) !== undefined);
    const alive = children.filter((pod) => !isTerminating(pod));
    const count = (revision: string): number => alive.filter((pod) => revisionOf(pod) === revision).length;
    const replicas = children.length;
    const readyReplicas = children.filter(isRunningAndReady).length;
    const updated = count(update.metadata.name);
    // All Pods have the new template and are ready: it is the current one from now on.
    const partitioned = (set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0) > 0 && updated < replicas;
    const rolledOut =
      !partitioned &&
      set.spec?.updateStrategy?.type !== 'OnDelete' &&
      updated === replicas &&
      readyReplicas === replicas;
    const currentName = rolledOut ? update.metadata.name : current.metadata.name;
    const status: StatefulSetStatus = {
      ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
      replicas,
      availableReplicas: children.filter((pod) => isAvailable(pod, set, clock.now())).length,
      ...nonZero({ readyReplicas, currentReplicas: count(currentName), updatedReplicas: updated }),
      currentRevision: currentName,
      updateRevision: update.metadata.name,
      collisionCount: collisions,
    };
    if (!sameValue(status, set.status)) await statefulSets.updateStatus({ ...set, status });
    const waits = children.map((pod) => untilAvailable(pod, set.spec?.minReadySeconds ?? 0, clock.now()) ?? 0);
    const pending = waits.filter((wait) => wait > 0);
    return pending.length > 0 ? Math.min(...pending) : undefined;
  }
}
