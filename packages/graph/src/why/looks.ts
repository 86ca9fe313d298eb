// How one object of a built-in kind is, and where to look next when it is not as it should be.
import {
  matchesSelector,
  type CoreEvent,
  type Deployment,
  type Job,
  type KubeObject,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
} from '@stackwright/kube';
import { scrub } from '@stackwright/core';
import type { ObjectReference } from '../declare/step.js';
import { stateOfPod, type PodState } from './pod-state.js';
import type { Link, Observed, WhyOptions } from './chain.js';

/** One object, and where to look next. */
export interface Look {
  link: Link;
  causes: readonly ObjectReference[];
}

/** Undefined for kinds that nothing is known of. */
export function lookAtBuiltin(observed: Observed, object: Readonly<KubeObject>, options: WhyOptions): Look | undefined {
  const core = object.apiVersion === 'v1';
  switch (object.kind) {
    case 'Deployment':
    case 'StatefulSet':
      return object.apiVersion === 'apps/v1' ? lookAtWorkload(observed, object as Deployment | StatefulSet) : undefined;
    case 'Job':
      return object.apiVersion === 'batch/v1' ? lookAtJob(observed, object as Job) : undefined;
    case 'Pod':
      return core ? lookAtPod(observed, object as Pod, options) : undefined;
    case 'PersistentVolumeClaim':
      return core ? lookAtVolume(object as PersistentVolumeClaim) : undefined;
    default:
      return undefined;
  }
}

function lookAtWorkload(observed: Observed, object: Deployment | StatefulSet): Look {
  const { replicas: wanted = 1, selector } = object.spec ?? {};
  const { readyReplicas = 0, updatedReplicas = 0, replicas: there = 0, observedGeneration } = object.status ?? {};
  const pods = observed.list<Pod>('Pod').filter(({ metadata }) => matchesSelector(selector, metadata?.labels));
  const current = observedGeneration === object.metadata?.generation && updatedReplicas >= wanted && there <= wanted;
  if (wanted === 0) {
    return { link: link(object, 'Failed', 'ScaledToZero', 'is scaled to zero: none of its Pods runs'), causes: [] };
  }
  if (readyReplicas >= wanted && current) {
    return { link: link(object, 'Ready', 'Available', `${readyReplicas}/${wanted} Pods are ready`), causes: [] };
  }
  const failure = object.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (failure) {
    const { reason = 'ReplicaFailure', message = '', lastTransitionTime } = failure;
    return { link: link(object, 'Failed', reason, scrub(message), lastTransitionTime), causes: pods.map(referenceOf) };
  }
  // A StatefulSet says of Pods that are refused in events only.
  const refused = there < wanted ? refusalOf(observed, object) : undefined;
  if (refused) return { link: refused, causes: pods.map(referenceOf) };
  if (!current && isPausedRollout(object)) {
    const message = 'its rollout is paused (spec.paused): Pods stay as they were before the last change';
    return { link: link(object, 'Failed', 'RolloutPaused', message), causes: [] };
  }
  const progress = progressOf({ readyReplicas, there, wanted, current });
  return { link: link(object, 'Waiting', 'PodsNotReady', progress), causes: pods.map(referenceOf) };
}

interface Progress {
  readyReplicas: number;
  there: number;
  wanted: number;
  current: boolean;
}

function progressOf({ readyReplicas, there, wanted, current }: Progress): string {
  if (there < wanted) return `${there} of ${wanted} Pods exist`;
  return current ? `${readyReplicas}/${wanted} Pods are ready` : 'its Pods are being replaced';
}

function isPausedRollout({ spec }: Deployment | StatefulSet): boolean {
  return spec !== undefined && 'paused' in spec && spec.paused === true;
}

/** What its controller was told when it made a Pod: a policy, a quota. */
function refusalOf(observed: Observed, object: Readonly<KubeObject>): Link | undefined {
  const event = lastWarning(observed, object, ['FailedCreate']);
  return event && link(object, 'Failed', 'FailedCreate', scrub(event.message ?? ''), timeOfEvent(event) || undefined);
}

/** The newest that somebody has told of this very object. */
function lastWarning(
  observed: Observed,
  { kind, metadata }: Readonly<KubeObject>,
  reasons: readonly string[],
): Readonly<CoreEvent> | undefined {
  return observed
    .list<CoreEvent>('Event')
    .filter(
      ({ type, reason, involvedObject }) =>
        type === 'Warning' &&
        reasons.includes(reason ?? '') &&
        involvedObject.kind === kind &&
        involvedObject.name === metadata?.name &&
        (involvedObject.uid === undefined || metadata?.uid === undefined || involvedObject.uid === metadata.uid),
    )
    .toSorted((one, other) => timeOfEvent(other).localeCompare(timeOfEvent(one)))[0];
}

const timeOfEvent = ({ lastTimestamp, eventTime, metadata }: Readonly<CoreEvent>): string =>
  lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';

function lookAtJob(observed: Observed, object: Job): Look {
  const condition = (type: string) =>
    object.status?.conditions?.find((each) => each.type === type && each.status === 'True');
  const pods = observed
    .list<Pod>('Pod')
    .filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === object.metadata?.uid));
  const causes = pods.map(referenceOf);
  const complete = condition('Complete');
  if (complete)
    return { link: link(object, 'Ready', 'Complete', 'has finished', complete.lastTransitionTime), causes: [] };
  const failed = condition('Failed');
  if (failed) {
    const { reason = 'Failed', message = 'has failed', lastTransitionTime } = failed;
    return { link: link(object, 'Failed', reason, scrub(message), lastTransitionTime), causes };
  }
  if (object.spec?.suspend) {
    return { link: link(object, 'Failed', 'Suspended', 'is suspended (spec.suspend)'), causes };
  }
  const refused = pods.length === 0 ? refusalOf(observed, object) : undefined;
  if (refused) return { link: refused, causes };
  const attempts = object.status?.failed ?? 0;
  const progress = attempts > 0 ? `attempt ${attempts + 1}` : 'is running';
  return { link: link(object, 'Waiting', 'Running', progress, object.status?.startTime), causes };
}

function lookAtPod(observed: Observed, object: Pod, { line }: WhyOptions): Look {
  const { state, reason, message, container, restarted } = withVolumes(observed, object, stateOfPod(object, line));
  const claims = (object.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim ?? []);
  const { namespace } = object.metadata ?? {};
  return {
    link: {
      ...link(object, state === 'Finished' ? 'Ready' : state, reason, message, object.status?.startTime),
      ...(container === undefined ? {} : { container }),
      ...(restarted ? { restarted } : {}),
    },
    // A Pod without a node may wait for a volume.
    causes: object.spec?.nodeName
      ? []
      : claims.map(({ claimName: name }) => ({
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          name,
          ...(namespace === undefined ? {} : { namespace }),
        })),
  };
}

/** A Pod whose volumes cannot be mounted says no more than that its containers are being created. */
function withVolumes(observed: Observed, object: Pod, state: PodState): PodState {
  const isCreating =
    state.state === 'Waiting' && ['ContainerCreating', 'PodInitializing', 'Pending'].includes(state.reason);
  const isPlaced = object.spec?.nodeName !== undefined && object.status?.phase === 'Pending';
  const event =
    isCreating && isPlaced ? lastWarning(observed, object, ['FailedMount', 'FailedAttachVolume']) : undefined;
  return event
    ? { state: 'Failed', reason: event.reason ?? 'FailedMount', message: scrub(event.message ?? '') }
    : state;
}

function lookAtVolume(object: PersistentVolumeClaim): Look {
  const bound = object.status?.phase === 'Bound';
  return {
    link: bound
      ? link(object, 'Ready', 'Bound', 'is bound')
      : link(object, 'Waiting', 'Unbound', 'is not bound to a volume'),
    causes: [],
  };
}

export function referenceOf({ apiVersion = '', kind = '', metadata }: Readonly<KubeObject>): ObjectReference {
  const { name = '', namespace } = metadata ?? {};
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

export const link = (
  object: Readonly<KubeObject>,
  state: Link['state'],
  reason: string,
  message: string,
  since?: string,
): Link => ({
  object: referenceOf(object),
  state,
  reason,
  message,
  ...(since === undefined ? {} : { since }),
});
