// Why something is not ready: a walk from its custom resource through what it waits for to the root cause. Pure.
import { reasons, type Reason } from '@stackwright/api';
import type { ObjectReference } from '@stackwright/core';
import type { Deployment, Job, KubeObject, PersistentVolumeClaim, Pod, StatefulSet } from '@stackwright/kube';
import {
  conditionOf,
  groupOf,
  isObserved,
  isOurGroup,
  isReady,
  referenceOf,
  type CustomResourceObject,
} from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';
import { reconcilesAnnotation } from '../manifests/labels.js';
import { stateOfPod } from './pod.js';
import { scrub } from '@stackwright/core';

export interface Link {
  object: ObjectReference;
  state: 'Ready' | 'Waiting' | 'Failed' | 'Missing';
  reason: string;
  message: string;
  /** When the state was entered, RFC 3339, where that is known. */
  since?: string;
  /** The container that a Pod's trouble is in. */
  container?: string;
  /** Its last words are in the log of the run before. */
  restarted?: boolean;
}

/** From what was asked about to the root cause, which is the last. */
export type Chain = readonly [Link, ...Link[]];

export const rootOf = (chain: Chain): Link => chain[chain.length - 1] ?? chain[0];

export function explain(snapshot: Snapshot, object: ObjectReference): Chain {
  return walk(snapshot, object, new Set());
}

/** Trouble explains more than waiting, and waiting more than what is well. */
const severity: Record<Link['state'], number> = { Ready: 0, Waiting: 1, Failed: 2, Missing: 2 };

function walk(snapshot: Snapshot, reference: ObjectReference, seen: ReadonlySet<KubeObject | undefined>): Chain {
  const observed = snapshot.find(reference);
  if (!observed) {
    return [{ object: reference, state: 'Missing', reason: 'NotFound', message: 'does not exist' }];
  }
  const { link, causes } = look(snapshot, observed);
  // Waiting in a circle ends where it closes.
  const path = new Set(seen).add(observed);
  const deeper = causes.filter((cause) => !path.has(snapshot.find(cause))).map((cause) => walk(snapshot, cause, path));
  const worst = deeper.reduce<Chain | undefined>(
    (best, chain) =>
      best === undefined || severity[rootOf(chain).state] > severity[rootOf(best).state] ? chain : best,
    undefined,
  );
  return worst && rootOf(worst).state !== 'Ready' ? [link, ...worst] : [link];
}

/** One object, and where to look next. */
interface Look {
  link: Link;
  causes: readonly ObjectReference[];
}

function look(snapshot: Snapshot, object: KubeObject): Look {
  switch (object.kind) {
    case 'Deployment':
    case 'StatefulSet':
      return lookAtWorkload(snapshot, object as Deployment | StatefulSet);
    case 'Job':
      return lookAtJob(snapshot, object as Job);
    case 'Pod':
      return lookAtPod(object as Pod);
    case 'PersistentVolumeClaim':
      return lookAtVolume(object as PersistentVolumeClaim);
    default:
      return isOurGroup(groupOf(object.apiVersion))
        ? lookAtCustomResource(snapshot, object)
        : { link: link(object, 'Ready', 'Exists', 'exists'), causes: [] };
  }
}

/** With these reasons nothing is wrong yet: something else has to happen first. */
const isPatient = (reason: string): boolean => reason in reasons && reasons[reason as Reason].state === 'Waiting';

function lookAtCustomResource(snapshot: Snapshot, object: CustomResourceObject): Look {
  const ready = conditionOf(object, 'Ready');
  if (isReady(object) && ready) {
    return { link: link(object, 'Ready', ready.reason, ready.message, ready.lastTransitionTime), causes: [] };
  }
  if (!ready || !isObserved(object)) {
    const message = ready
      ? 'its controller has not acted on the last change yet'
      : 'no controller has looked at it yet';
    return {
      link: link(object, 'Waiting', 'NotReconciled', message, object.metadata?.creationTimestamp),
      causes: controllerOf(snapshot, object),
    };
  }
  const waits = object.status?.waitingFor ?? [];
  const byRoot = [...waits].sort((a, b) => Number(b.reason === ready.reason) - Number(a.reason === ready.reason));
  return {
    link: link(
      object,
      isPatient(ready.reason) ? 'Waiting' : 'Failed',
      ready.reason,
      ready.message,
      ready.lastTransitionTime,
    ),
    // All that it waits for may be there already, and only its controller not running to see it.
    causes: [...byRoot, ...controllerOf(snapshot, object)],
  };
}

/** The Deployment of the controller that reconciles such objects, as `stackwright manifests` makes it. */
function controllerOf(snapshot: Snapshot, object: KubeObject): ObjectReference[] {
  const kind = `${object.kind ?? ''}.${groupOf(object.apiVersion)}`;
  const deployment = snapshot
    .list<Deployment>('Deployment')
    .find(({ metadata }) => metadata?.annotations?.[reconcilesAnnotation]?.split(',').includes(kind));
  return deployment ? [referenceOf(deployment)] : [];
}

function lookAtWorkload(snapshot: Snapshot, object: Deployment | StatefulSet): Look {
  const { replicas: wanted = 1, selector } = object.spec ?? {};
  const { readyReplicas = 0, updatedReplicas = 0, replicas: there = 0, observedGeneration } = object.status ?? {};
  const labels = Object.entries(selector?.matchLabels ?? {});
  const pods = snapshot
    .list<Pod>('Pod')
    .filter(({ metadata }) => labels.every(([key, value]) => metadata?.labels?.[key] === value));
  const current = observedGeneration === object.metadata?.generation && updatedReplicas >= wanted && there <= wanted;
  if (readyReplicas >= wanted && current) {
    return { link: link(object, 'Ready', 'Available', `${readyReplicas}/${wanted} Pods are ready`), causes: [] };
  }
  const failure = object.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  return {
    link: failure
      ? link(
          object,
          'Failed',
          failure.reason ?? 'ReplicaFailure',
          scrub(failure.message ?? ''),
          failure.lastTransitionTime,
        )
      : link(
          object,
          'Waiting',
          'PodsNotReady',
          current ? `${readyReplicas}/${wanted} Pods are ready` : 'its Pods are being replaced',
        ),
    causes: pods.map(referenceOf),
  };
}

function lookAtJob(snapshot: Snapshot, object: Job): Look {
  const condition = (type: string) =>
    object.status?.conditions?.find((each) => each.type === type && each.status === 'True');
  const pods = snapshot
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

function lookAtPod(object: Pod): Look {
  const { state, reason, message, container, restarted } = stateOfPod(object);
  return {
    link: {
      ...link(object, state === 'Finished' ? 'Ready' : state, reason, message, object.status?.startTime),
      ...(container === undefined ? {} : { container }),
      ...(restarted ? { restarted } : {}),
    },
    causes: [],
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

const link = (object: KubeObject, state: Link['state'], reason: string, message: string, since?: string): Link => ({
  object: referenceOf(object),
  state,
  reason,
  message,
  ...(since === undefined ? {} : { since }),
});
