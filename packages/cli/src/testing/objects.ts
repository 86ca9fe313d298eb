// Observed objects for tests, as the API server returns them.
import type { Condition, KubeObject } from '@stackwright/kube';
import type { CustomResourceObject, WaitingFor } from '../observe/objects.js';
import { Snapshot } from '../observe/snapshot.js';

/** The time at which snapshots are taken. */
export const noon = Date.parse('2025-06-01T12:00:00Z');
export const ago = (seconds: number): string => new Date(noon - seconds * 1000).toISOString();

export const snapshot = (...objects: KubeObject[]): Snapshot => new Snapshot('openstack', noon, objects);

const groups: Record<string, string> = {
  ControlPlane: 'stackwright.dev',
  Keystone: 'keystone.stackwright.dev',
  MariaDB: 'mariadb.stackwright.dev',
  Memcached: 'memcached.stackwright.dev',
  DatabaseClaim: 'claims.stackwright.dev',
  CacheClaim: 'claims.stackwright.dev',
  Deployment: 'apps',
  StatefulSet: 'apps',
  Job: 'batch',
  HTTPRoute: 'gateway.networking.k8s.io',
};

export const apiVersionOf = (kind: string): string =>
  groups[kind] === undefined ? 'v1' : `${groups[kind]}/${groups[kind].endsWith('stackwright.dev') ? 'v1alpha1' : 'v1'}`;

export interface CustomState {
  ready?: boolean;
  reason?: string;
  message?: string;
  /** "Kind/name" of what it waits for. */
  on?: string[];
  since?: number;
  endpoint?: string;
  spec?: Record<string, unknown>;
  created?: number;
}

/** A custom resource of ours; without `ready`, no controller has looked at it. */
export function custom(kind: string, name: string, state: CustomState = {}): CustomResourceObject {
  const reason = state.reason ?? 'Ready';
  const condition = (type: string): Condition => ({
    type,
    status: state.ready ? 'True' : 'False',
    reason,
    message: state.message ?? '',
    lastTransitionTime: ago(state.since ?? 60),
  });
  return {
    apiVersion: apiVersionOf(kind),
    kind,
    metadata: {
      name,
      namespace: 'openstack',
      generation: 1,
      uid: `uid-${name}`,
      creationTimestamp: ago(state.created ?? 120),
    },
    spec: state.spec ?? {},
    ...(state.ready === undefined
      ? {}
      : {
          status: {
            observedGeneration: 1,
            conditions: [condition('Ready')],
            ...(state.endpoint === undefined ? {} : { endpoint: state.endpoint }),
            waitingFor: (state.on ?? []).map((target): WaitingFor => {
              const [kindOf = '', nameOf = ''] = target.split('/');
              return { step: 'Step', reason, apiVersion: apiVersionOf(kindOf), kind: kindOf, name: nameOf };
            }),
          },
        }),
  };
}

export function workload(
  kind: 'Deployment' | 'StatefulSet',
  name: string,
  ready: number,
  annotations: Record<string, string> = {},
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'openstack', generation: 1, annotations },
    spec: { replicas: 1, selector: { matchLabels: { app: name } } },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: ready },
  } as KubeObject;
}

export function job(name: string, status: object = { active: 1 }): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'openstack', uid: `uid-${name}` },
    spec: {},
    status,
  } as KubeObject;
}

/** A Pod of the workload or Job `owner` with one container called `main`. */
export function pod(owner: string, container: object, more: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${owner}-0`,
      namespace: 'openstack',
      labels: { app: owner },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: owner, uid: `uid-${owner}` }],
    },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'main', ready: false, restartCount: 0, ...container }],
      ...more,
    },
  } as KubeObject;
}
