// A Deployment's ReplicaSets as its history of revisions.
import type { Deployment, ReplicaSet } from '@stackwright/kube';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.d.ts';
import { controllerReference, sameValue, templateHash, type Stored } from '../../shared/objects.js';
import { Deployment as DeploymentResource } from '@stackwright/kube';
import { byAge, DESIRED, desired, limits, MAX, type Sets } from './replicas.js';

export const HASH_LABEL = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
const HISTORY = 'deployment.kubernetes.io/revision-history';
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  HISTORY,
  DESIRED,
  MAX,
]);

export function revisionOf(object: { metadata?: { annotations?: Record<string, string> } }): number {
  return Number(object.metadata?.annotations?.[REVISION] ?? 0);
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [HASH_LABEL]: _hash, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

/** The ReplicaSet made from the Deployment's template as it is now; of several the oldest. */
export function findCurrent(deployment: Deployment, sets: Sets): Stored<ReplicaSet> | undefined {
  const wanted = withoutHash(deployment.spec?.template);
  return [...sets].sort(byAge).find((set) => sameValue(withoutHash(set.spec?.template), wanted));
}

export function newReplicaSet(deployment: Stored<Deployment>, replicas: number, revision: number): ReplicaSet {
  const hash = templateHash(withoutHash(deployment.spec?.template), deployment.status?.collisionCount);
  const template = structuredClone(deployment.spec?.template ?? {});
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  const selector = deployment.spec?.selector ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: annotationsFor(deployment, undefined, revision),
      ownerReferences: [controllerReference(DeploymentResource, deployment)],
    },
    spec: {
      replicas,
      ...(deployment.spec?.minReadySeconds === undefined ? {} : { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

/** The annotations of the current ReplicaSet: the Deployment's own (change-cause), its revision and its size. */
export function annotationsFor(
  deployment: Deployment,
  set: Stored<ReplicaSet> | undefined,
  revision: number,
): Record<string, string> {
  const copied = Object.entries(deployment.metadata?.annotations ?? {}).filter(([name]) => !NOT_COPIED.has(name));
  const annotations = { ...set?.metadata.annotations, ...Object.fromEntries(copied), ...sizeAnnotations(deployment) };
  const former = set ? revisionOf(set) : 0;
  if (former >= revision) return annotations;
  annotations[REVISION] = String(revision);
  if (former > 0) annotations[HISTORY] = [annotations[HISTORY], former].filter(Boolean).join(',');
  return annotations;
}

export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  return { [DESIRED]: String(desired(deployment)), [MAX]: String(desired(deployment) + limits(deployment).maxSurge) };
}

/** What the history limit lets go: idle ReplicaSets of the lowest revisions. */
export function surplus(deployment: Deployment, old: Sets): Stored<ReplicaSet>[] {
  const limit = deployment.spec?.revisionHistoryLimit ?? 10;
  const idle = old.filter(
    (set) =>
      !set.metadata.deletionTimestamp &&
      (set.spec?.replicas ?? 1) === 0 &&
      (set.status?.replicas ?? 0) === 0 &&
      (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0),
  );
  return idle.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, old.length - limit));
}
