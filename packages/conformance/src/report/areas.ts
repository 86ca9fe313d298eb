// What the suite looks at, in the order in which it is told. Each is a file `areas/<file>.conformance.ts`.

import type { Target } from '../target.js';

export interface Area {
  file: string;
  title: string;
  /** Makes sense on some clusters only, and is not even mentioned on others. */
  only?: 'containers' | 'devcluster';
}

export const AREAS: readonly Area[] = [
  { file: 'revisions', title: 'Store: revisions, generations, status' },
  { file: 'conflicts', title: 'Optimistic locking and preconditions' },
  { file: 'errors', title: 'Errors' },
  { file: 'lists', title: 'Lists, pages, revisions of the past' },
  { file: 'selectors', title: 'Selectors' },
  { file: 'watches', title: 'Watches, bookmarks, initial events' },
  { file: 'names', title: 'Names, dry run, unknown fields, times' },
  { file: 'kinds', title: 'Built-in kinds: defaults and rules' },
  { file: 'policies', title: 'ValidatingAdmissionPolicies' },
  { file: 'pod-security', title: 'Pod security: what a namespace asks of its Pods' },
  { file: 'placement', title: 'Where Pods may run: priorities, tolerations, selectors, spread' },
  { file: 'ingress', title: 'Ingresses and their classes' },
  { file: 'deletion', title: 'Finalizers, garbage collection, namespaces' },
  { file: 'patches', title: 'Patches' },
  { file: 'apply', title: 'Server-side apply' },
  { file: 'definitions', title: 'Custom resources: validation, defaults, pruning, versions' },
  { file: 'cel', title: 'Custom resources: rules in CEL' },
  { file: 'conversion', title: 'Custom resources: conversion webhooks' },
  { file: 'scale', title: 'Scale' },
  { file: 'webhooks', title: 'Admission webhooks' },
  { file: 'discovery', title: 'Discovery and OpenAPI' },
  { file: 'representations', title: 'Tables, metadata only, content negotiation' },
  { file: 'access', title: 'RBAC, reviews, impersonation, tokens' },
  { file: 'events', title: 'Events' },
  { file: 'workloads', title: 'Workloads: Deployment, StatefulSet, DaemonSet, Job, CronJob' },
  { file: 'disruption', title: 'Eviction and disruption budgets' },
  { file: 'logs', title: 'Logs' },
  { file: 'kubectl-objects', title: 'kubectl: apply, diff, edit, patch, replace, get, explain' },
  { file: 'kubectl-server-side', title: 'kubectl: server-side apply' },
  { file: 'kubectl-create', title: 'kubectl: create, run, expose, label, delete' },
  { file: 'kubectl-workloads', title: 'kubectl: rollout, scale, wait, logs, events' },
  { file: 'kubectl-access', title: 'kubectl: auth, tokens, impersonation' },
  { file: 'kubectl-nodes', title: 'kubectl: cordon, drain, uncordon, top' },
  { file: 'kubectl-containers', title: 'kubectl: exec, cp, port-forward, attach', only: 'containers' },
  { file: 'differences', title: 'Differences of the devcluster, as its documentation states them', only: 'devcluster' },
];

/** The files that say nothing about this cluster: a simulated node has no containers, and others are no devcluster. */
export function beside({ devcluster, missing }: Pick<Target, 'devcluster' | 'missing'>): string[] {
  const simulated = devcluster && missing.containers !== undefined;
  return AREAS.filter(({ only }) => (only === 'devcluster' && !devcluster) || (only === 'containers' && simulated)).map(
    ({ file }) => file,
  );
}
