import type { Pod, ReplicaSet } from '@stackwright/kube';
import { Deployment, isAlreadyExists, type ObjectKey } from '@stackwright/kube';
import { rfc3339 } from '../../shared/clock.js';
import { messageOf } from '../../shared/log.js';
import { controllerOf, sameValue, type Stored } from '../../shared/objects.js';
import { isFinished } from '../../shared/pods.js';
import { claimChildren } from '../claim.js';
import { conditionOf, withCondition } from '../conditions.js';
import type { Context } from '../context.js';
import { Loop } from '../loop.js';
import {
  active,
  DESIRED,
  desired,
  isRollingUpdate,
  nextNewReplicas,
  scaleDownOld,
  shareOut,
  type Sets,
} from './replicas.js';
import {
  annotationsFor,
  findCurrent,
  newReplicaSet,
  REVISION,
  revisionOf,
  sizeAnnotations,
  surplus,
} from './revisions.js';
import { baseStatus, isComplete, untilTimeout, withProgress } from './status.js';

interface Rollout {
  deployment: Stored<Deployment>;
  current: Stored<ReplicaSet> | undefined;
  old: Stored<ReplicaSet>[];
}

export function deploymentController({ stores, clock, log, events }: Context): Loop {
  const { deployments, replicaSets, pods } = stores;
  const recorder = events('deployment-controller');
  const loop = new Loop({ name: 'deployment', reconcile, clock, log });

  deployments.onChange(({ object }) => loop.add(object));
  replicaSets.onChange(({ object, previous }) => {
    for (const set of [object, previous]) {
      const owner = set && controllerOf(set);
      if (set && owner?.kind === 'Deployment') loop.add({ namespace: set.metadata.namespace, name: owner.name });
    }
  });
  // Recreate goes on when the last old Pod is gone.
  pods.onChange(({ object, deleted }) => {
    const owner = controllerOf(object);
    if (!deleted && !isFinished(object)) return;
    if (owner?.kind !== 'ReplicaSet') return;
    const set = replicaSets.get({ namespace: object.metadata.namespace, name: owner.name });
    const deployment = set && controllerOf(set);
    if (deployment) loop.add({ namespace: object.metadata.namespace, name: deployment.name });
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<number | void> {
    const deployment = deployments.get(key);
    if (!deployment) return;
    const sets = await claimChildren(replicaSets, Deployment, deployment, deployment.spec?.selector);
    const current = findCurrent(deployment, sets);
    let rollout: Rollout = { deployment, current, old: sets.filter((set) => set !== current) };
    if (deployment.metadata.deletionTimestamp) return writeStatus(rollout, false);

    rollout = await notePause(rollout);
    if (rollout.deployment.spec?.paused || isScaling(rollout)) {
      rollout = await rescale(rollout);
      if (rollout.deployment.spec?.paused) rollout = await cleanUp(rollout);
      return writeStatus(rollout, false);
    }
    return isRollingUpdate(deployment) ? roll(rollout) : recreate(rollout);
  }

  async function roll(start: Rollout): Promise<number | void> {
    let rollout = await ensureCurrent(start, (draft) =>
      nextNewReplicas(start.deployment, [...start.old, draft], draft),
    );
    const { current } = rollout;
    if (current) {
      const size = nextNewReplicas(rollout.deployment, [...rollout.old, current], current);
      if (size !== current.spec?.replicas)
        return writeStatus(await resize(rollout, new Map([[current.metadata.name, size]])));
    }
    const shrinking = scaleDownOld(rollout.deployment, rollout.old, rollout.current);
    if (shrinking.size > 0) return writeStatus(await resize(rollout, shrinking));
    if (isComplete(rollout.deployment, rollout.deployment.status ?? {})) rollout = await cleanUp(rollout);
    return writeStatus(rollout);
  }

  async function recreate(rollout: Rollout): Promise<number | void> {
    const running = active(rollout.old);
    if (running.length > 0) {
      return writeStatus(await resize(rollout, new Map(running.map((set) => [set.metadata.name, 0]))));
    }
    const left = rollout.old.some((set) => pods.controlledBy(set).some((pod: Stored<Pod>) => !isFinished(pod)));
    if (left) return writeStatus(rollout);
    let next = await ensureCurrent(rollout, () => desired(rollout.deployment));
    if (next.current && next.current.spec?.replicas !== desired(next.deployment)) {
      next = await resize(next, new Map([[next.current.metadata.name, desired(next.deployment)]]));
    }
    if (isComplete(next.deployment, next.deployment.status ?? {})) next = await cleanUp(next);
    return writeStatus(next);
  }

  /** Makes sure that there is a ReplicaSet of the present template and that it carries the highest revision. */
  async function ensureCurrent(rollout: Rollout, size: (draft: Stored<ReplicaSet>) => number): Promise<Rollout> {
    const { deployment, old } = rollout;
    const revision = Math.max(0, ...old.map(revisionOf)) + 1;
    if (rollout.current) {
      const annotations = annotationsFor(deployment, rollout.current, revision);
      const minReadySeconds = deployment.spec?.minReadySeconds;
      const same =
        sameValue(annotations, rollout.current.metadata.annotations) &&
        (minReadySeconds ?? 0) === (rollout.current.spec?.minReadySeconds ?? 0);
      const current = same
        ? rollout.current
        : await replicaSets.patch(rollout.current.metadata, {
            metadata: { annotations },
            spec: { minReadySeconds: minReadySeconds ?? null },
          });
      const next = await noteRevision({ ...rollout, current }, revisionOf(current));
      if (conditionOf(next.deployment.status?.conditions, 'Progressing')) return next;
      return noteProgress(next, 'FoundNewReplicaSet', `Found new replica set "${current.metadata.name}"`);
    }
    const draft = newReplicaSet(deployment, 0, revision);
    draft.spec = { ...draft.spec, replicas: size(draft as Stored<ReplicaSet>), selector: draft.spec?.selector ?? {} };
    const current = await createReplicaSet(deployment, draft);
    announce(deployment, current, 0, current.spec?.replicas ?? 0);
    const next = await noteRevision({ ...rollout, current }, revisionOf(current));
    return noteProgress(next, 'NewReplicaSetCreated', `Created new replica set "${current.metadata.name}"`);
  }

  /** When the name is taken by another template, the next attempt salts the hash. */
  async function createReplicaSet(deployment: Stored<Deployment>, draft: ReplicaSet): Promise<Stored<ReplicaSet>> {
    try {
      return await replicaSets.create(draft);
    } catch (error) {
      const { namespace } = deployment.metadata;
      const taken = isAlreadyExists(error) && (await replicaSets.read({ namespace, name: draft.metadata?.name ?? '' }));
      if (taken) {
        const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
        await deployments.updateStatus({ ...deployment, status });
      } else await noteRefusal(deployment, draft, error);
      throw error;
    }
  }

  async function noteRefusal(deployment: Stored<Deployment>, draft: ReplicaSet, error: unknown): Promise<void> {
    const reason = 'ReplicaSetCreateError';
    const message = `Failed to create new replica set "${draft.metadata?.name ?? ''}": ${messageOf(error)}`;
    recorder.record(Deployment, deployment, 'Warning', reason, message);
    const known = conditionOf(deployment.status?.conditions, 'Progressing');
    if (known?.status === 'False' && known.reason === reason) return;
    await noteProgress({ deployment, current: undefined, old: [] }, reason, message, 'False');
  }

  async function noteRevision(rollout: Rollout, revision: number): Promise<Rollout> {
    if (revisionOf(rollout.deployment) === revision) return rollout;
    const metadata = { annotations: { [REVISION]: String(revision) } };
    return { ...rollout, deployment: await deployments.patchStatus(rollout.deployment.metadata, { metadata }) };
  }

  async function notePause(rollout: Rollout): Promise<Rollout> {
    const { deployment } = rollout;
    if (deployment.spec?.progressDeadlineSeconds === undefined) return rollout;
    const known = conditionOf(deployment.status?.conditions, 'Progressing');
    if (known?.reason === 'ProgressDeadlineExceeded') return rollout;
    const wasPaused = known?.reason === 'DeploymentPaused';
    if (deployment.spec.paused && !wasPaused)
      return noteProgress(rollout, 'DeploymentPaused', 'Deployment is paused', 'Unknown');
    if (!deployment.spec.paused && wasPaused)
      return noteProgress(rollout, 'DeploymentResumed', 'Deployment is resumed', 'Unknown');
    return rollout;
  }

  async function noteProgress(rollout: Rollout, reason: string, message: string, status = 'True'): Promise<Rollout> {
    const { deployment } = rollout;
    if (deployment.spec?.progressDeadlineSeconds === undefined) return rollout;
    const now = rfc3339(clock.now());
    const wanted = { type: 'Progressing', status, reason, message, lastUpdateTime: now };
    const conditions = withCondition(deployment.status?.conditions ?? [], wanted, now);
    const written = await deployments.updateStatus({ ...deployment, status: { ...deployment.status, conditions } });
    return { ...rollout, deployment: written };
  }

  function isScaling({ deployment, current, old }: Rollout): boolean {
    return active(current ? [...old, current] : old).some((set) => {
      const size = set.metadata.annotations?.[DESIRED];
      return size !== undefined && Number(size) !== desired(deployment);
    });
  }

  /** Another number of replicas, without moving the rollout on. */
  async function rescale(rollout: Rollout): Promise<Rollout> {
    const all = setsOf(rollout);
    const running = active(all);
    const [only] = running.length > 0 ? running : rollout.current ? [rollout.current] : [];
    if (running.length <= 1) {
      return only ? resize(rollout, new Map([[only.metadata.name, desired(rollout.deployment)]])) : rollout;
    }
    const { current } = rollout;
    const available = (current?.status?.availableReplicas ?? 0) === (current?.spec?.replicas ?? 1);
    if (current && current.spec?.replicas === desired(rollout.deployment) && available) {
      return resize(rollout, new Map(active(rollout.old).map((set) => [set.metadata.name, 0])));
    }
    return isRollingUpdate(rollout.deployment) ? resize(rollout, shareOut(rollout.deployment, all)) : rollout;
  }

  /** Gives ReplicaSets new sizes, by name. */
  async function resize(rollout: Rollout, sizes: ReadonlyMap<string, number>): Promise<Rollout> {
    const { deployment } = rollout;
    const written = new Map<string, Stored<ReplicaSet>>();
    for (const set of setsOf(rollout)) {
      const size = sizes.get(set.metadata.name);
      const annotations = { ...set.metadata.annotations, ...sizeAnnotations(deployment) };
      const former = set.spec?.replicas ?? 1;
      if (size === undefined || (size === former && sameValue(annotations, set.metadata.annotations))) continue;
      const { uid } = set.metadata;
      written.set(
        uid,
        await replicaSets.patch(set.metadata, { metadata: { uid, annotations }, spec: { replicas: size } }),
      );
      announce(deployment, set, former, size);
    }
    const fresh = (set: Stored<ReplicaSet>): Stored<ReplicaSet> => written.get(set.metadata.uid) ?? set;
    return { deployment, current: rollout.current && fresh(rollout.current), old: rollout.old.map(fresh) };
  }

  async function cleanUp(rollout: Rollout): Promise<Rollout> {
    const dropped = surplus(rollout.deployment, rollout.old);
    for (const set of dropped) await replicaSets.delete(set);
    return { ...rollout, old: rollout.old.filter((set) => !dropped.includes(set)) };
  }

  /** Returns milliseconds until the progress deadline. `Progressing` is not judged while the rollout stands still. */
  async function writeStatus(rollout: Rollout, moving = true): Promise<number | void> {
    const { deployment, current } = rollout;
    const now = clock.now();
    const all = setsOf(rollout);
    const base = baseStatus(deployment, all, current, now);
    const status = moving ? withProgress(deployment, base, all, current, now) : base;
    const written = sameValue(status, deployment.status)
      ? deployment
      : await deployments.updateStatus({ ...deployment, status });
    const left = untilTimeout(written, now);
    return left === undefined || left === 0 ? undefined : left + 1000;
  }

  function announce(deployment: Stored<Deployment>, set: Stored<ReplicaSet>, from: number, to: number): void {
    if (to === from) return;
    const verb = to > from ? 'Scaled up' : 'Scaled down';
    const message = `${verb} replica set ${set.metadata.name} from ${from} to ${to}`;
    recorder.record(Deployment, deployment, 'Normal', 'ScalingReplicaSet', message);
  }
}

function setsOf({ current, old }: Rollout): Sets {
  return current ? [...old, current] : old;
}
