// The Pods and claims of a StatefulSet: each replica's name, identity and volumes follow from its ordinal.
import type { PersistentVolumeClaim, Pod } from '@stackwright/kube';
import { StatefulSet } from '@stackwright/kube';
import type { Volume } from 'kubernetes-types/core/v1.d.ts';
import { isReady, untilAvailable } from '../../shared/pods.js';
import { controllerReference, type Stored } from '../../shared/objects.js';
import { REVISION_LABEL } from '../history.js';

const NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const INDEX_LABEL = 'apps.kubernetes.io/pod-index';

/** The ordinal in "name-3"; undefined for a Pod that is not called after the set. */
export function ordinalOf(set: Stored<StatefulSet>, podName: string): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const ordinal = podName.slice(prefix.length);
  return podName.startsWith(prefix) && /^\d+$/.test(ordinal) ? Number(ordinal) : undefined;
}

export function podName(set: Stored<StatefulSet>, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

function claimName(set: Stored<StatefulSet>, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata?.name ?? ''}-${podName(set, ordinal)}`;
}

/** `set` is the StatefulSet with the template of the revision that the Pod shall have. */
export function newPod(set: Stored<StatefulSet>, ordinal: number, revision: string): Pod {
  const name = podName(set, ordinal);
  const template = set.spec?.template;
  const spec = structuredClone(template?.spec ?? { containers: [] });
  const claims: Volume[] = (set.spec?.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata?.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
  }));
  const claimed = new Set(claims.map((volume) => volume.name));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: set.metadata.namespace,
      labels: {
        ...template?.metadata?.labels,
        [NAME_LABEL]: name,
        [INDEX_LABEL]: String(ordinal),
        [REVISION_LABEL]: revision,
      },
      ...(template?.metadata?.annotations ? { annotations: { ...template.metadata.annotations } } : {}),
      ...(template?.metadata?.finalizers ? { finalizers: [...template.metadata.finalizers] } : {}),
      ownerReferences: [controllerReference(StatefulSet, set)],
    },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
      volumes: [...(spec.volumes ?? []).filter((volume) => !claimed.has(volume.name)), ...claims],
    },
  };
}

/** The claims of a replica. They carry no owner: the data outlives the set, whoever deletes it. */
export function newClaims(set: Stored<StatefulSet>, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...template.metadata?.labels, ...set.spec?.selector?.matchLabels },
      ...(template.metadata?.annotations ? { annotations: { ...template.metadata.annotations } } : {}),
    },
    ...(template.spec ? { spec: structuredClone(template.spec) } : {}),
  }));
}

export function revisionOf(pod: Pod): string | undefined {
  return pod.metadata?.labels?.[REVISION_LABEL];
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isReady(pod);
}

export function isHealthy(pod: Pod): boolean {
  return isRunningAndReady(pod) && pod.metadata?.deletionTimestamp === undefined;
}

export function isAvailable(pod: Pod, set: StatefulSet, now: number): boolean {
  return isRunningAndReady(pod) && untilAvailable(pod, set.spec?.minReadySeconds ?? 0, now) === 0;
}
