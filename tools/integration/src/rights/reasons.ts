// Rights that the suite does not use, or not in each run, and why they are granted all the same. One that has no reason here is
// used, or taken out of the rules.
import type { Right } from './right.js';

export interface Reason {
  /** What is not said is any. */
  group?: string;
  resource?: RegExp;
  verbs: readonly string[];
  why: string;
}

export const reasons: readonly Reason[] = [
  {
    verbs: ['list'],
    why: 'API servers that give no lists as a beginning of a watch (before Kubernetes 1.34, unless told to) are asked for them.',
  },
  {
    group: 'coordination.k8s.io',
    resource: /^leases$/,
    verbs: ['get', 'create', 'update'],
    why: 'The Lease of the process; in the suite each controller is there once, and needs none.',
  },
  {
    resource: /\/finalizers$/,
    verbs: ['update'],
    why: 'To be named as an owner whose deletion waits, where the cluster runs the admission plugin OwnerReferencesPermissionEnforcement.',
  },
  {
    group: '',
    resource: /^events$/,
    verbs: ['patch'],
    why: 'What happens again is counted on the event that tells of it.',
  },
  {
    group: 'gateway.networking.k8s.io',
    resource: /^httproutes$/,
    verbs: ['get', 'watch', 'create', 'patch', 'delete'],
    why: 'Routes by the Gateway API, whose kinds are not in the cluster of the suite.',
  },
  {
    group: 'apps',
    resource: /^controllerrevisions$/,
    verbs: ['get', 'create', 'delete'],
    why: 'What was applied last is kept there while a step cannot say what it wants, so that it is put back.',
  },
  {
    verbs: ['get'],
    why: 'What a write ran into is looked at as it is, and who changed a field that is repaired.',
  },
  {
    verbs: ['delete'],
    why: 'What a step wants no more, as its spec says now or as this version would have it, is taken away.',
  },
  {
    resource: /^(jobs|configmaps|ingresses)$/,
    verbs: ['create', 'patch'],
    why: 'Checks of overrides, and routes by Ingress: some services of the suite have them, and all do it by the same steps.',
  },
  {
    group: '',
    resource: /^persistentvolumeclaims$/,
    verbs: ['patch'],
    why: 'Volumes grow, and are marked before they are deleted.',
  },
  {
    group: 'claims.stackwright.dev',
    resource: /claims$/,
    verbs: ['patch'],
    why: 'A claim that has something to undo elsewhere gets a finalizer.',
  },
];

export const reasonFor = ({ group, resource, verb }: Right): string | undefined =>
  reasons.find((reason) => isMeant(reason, { group, resource, verb }))?.why;

export const isMeant = (reason: Reason, { group, resource, verb }: Omit<Right, 'controller'>): boolean =>
  (reason.group ?? group) === group && (reason.resource?.test(resource) ?? true) && reason.verbs.includes(verb);
