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
import { newestOf } from '../workloads/refusals.js';
import { stateOfPod } from './pod-state.js';
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
      return core ? lookAtPod(object as Pod, options) : undefined;
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
  if (readyReplicas >= wanted && current) {
    return { link: link(object, 'Ready', 'Available', `${readyReplicas}/${wanted} Pods are ready`), causes: [] };
  }
  const failure =
    object.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True') ??
    (there < wanted ? refusalIn(observed, object) : undefined);
  const isPaused = !current && object.spec !== undefined && 'paused' in object.spec && object.spec.paused === true;
  return {
    link: failure
      ? link(
          object,
          'Failed',
          failure.reason ?? 'ReplicaFailure',
          scrub(failure.message ?? ''),
          failure.lastTransitionTime,
        )
      : isPaused
        ? link(object, 'Waiting', 'Paused', 'is paused: what is wanted is not rolled out (kubectl rollout resume)')
        : link(object, 'Waiting', 'PodsNotReady', progressOf({ readyReplicas, there, wanted, current })),
    causes: pods.map(referenceOf),
  };
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

/** What Kubernetes said last of Pods that it could not make. */
function refusalIn(
  observed: Observed,
  { metadata }: Readonly<KubeObject>,
): { reason: string; message: string; lastTransitionTime?: string } | undefined {
  const events = observed.list<CoreEvent>('Event').filter((event) => event.involvedObject?.uid === metadata?.uid);
  const message = newestOf(events);
  return message === undefined ? undefined : { reason: 'FailedCreate', message };
}

function lookAtJob(observed: Observed, object: Job): Look {
  const condition = (type: string) =>
    object.status?.conditions?.find((each) => each.type === type && each.status === 'True');
  const pods = observed
    .list<Pod>('Pod')
    .filter(({ metadata }) => metadata?.ownerReferences?.some(({ uid }) => uid === object.metadata?.uid));
  const complete = condition('Complete');
  if (complete)
    return { link: link(object, 'Ready', 'Complete', 'has finished', complete.lastTransitionTime), causes: [] };
  const failed = condition('Failed');
  if (failed) {
    return {
      link: link(
        object,
        'Failed',
        failed.reason ?? 'Failed',
        scrub(failed.message ?? 'has failed'),
        failed.lastTransitionTime,
      ),
      causes: pods.map(referenceOf),
    };
  }
  const refusal = pods.length === 0 ? refusalIn(observed, object) : undefined;
  if (refusal) return { link: link(object, 'Failed', refusal.reason, scrub(refusal.message)), causes: [] };
  const attempts = object.status?.failed ?? 0;
  return {
    link: link(
      object,
      'Waiting',
      'Running',
      attempts > 0 ? `attempt ${attempts + 1}` : 'is running',
      object.status?.startTime,
    ),
    causes: pods.map(referenceOf),
  };
}

function lookAtPod(object: Pod, { line }: WhyOptions): Look {
  const { state, reason, message, container, restarted } = stateOfPod(object, line);
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
