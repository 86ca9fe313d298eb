// The end of a run: nothing of it may be left, even where a test broke off in the middle.
import { setTimeout as pause } from 'node:timers/promises';
import {
  ClusterRole,
  ClusterRoleBinding,
  CustomResourceDefinition,
  defineResource,
  IngressClass,
  isNotFound,
  Namespace,
  PriorityClass,
  type Client,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { RUN_LABEL } from '../target.js';

const admission = [
  ['ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'],
  ['MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'],
  ['ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings'],
  ['ValidatingAdmissionPolicy', 'validatingadmissionpolicies'],
].map(([kind = '', plural = '']) =>
  defineResource({ group: 'admissionregistration.k8s.io', version: 'v1', kind, plural, namespaced: false }),
);

/** Those first that may refuse something: a broken one would refuse the deletion of all that follows. */
const kinds: readonly Resource[] = [
  ...admission,
  ClusterRoleBinding,
  ClusterRole,
  Namespace,
  CustomResourceDefinition,
  IngressClass,
  PriorityClass,
];

/** Deletes what carries the label of the run; resolves with what is still there when the time is over. */
export async function sweep(client: Client, run: string, milliseconds: number): Promise<string[]> {
  for (const deadline = Date.now() + milliseconds; ; await pause(200)) {
    const left = await remaining(client, run);
    for (const { resource, object } of left) {
      if (object.metadata?.deletionTimestamp) continue;
      await client
        .delete(resource, { name: object.metadata?.name ?? '' }, { propagationPolicy: 'Background' })
        .catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
    }
    if (left.length === 0 || Date.now() > deadline)
      return left.map(({ resource, object }) => `${resource.kind} ${object.metadata?.name ?? ''}`);
  }
}

interface Found {
  resource: Resource;
  object: KubeObject;
}

async function remaining(client: Client, run: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const resource of kinds) {
    try {
      const { items } = await client.listAll(resource, { labelSelector: `${RUN_LABEL}=${run}` });
      found.push(...items.map((object) => ({ resource, object })));
    } catch (error) {
      // A cluster without the kind has nothing of it.
      if (!isNotFound(error)) throw error;
    }
  }
  return found;
}
