// The roles that every cluster has from the start, and to whom they are bound. Those for the built-in controllers are
// not among them: they are part of this process.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.d.ts';
import { EVERYTHING } from './rbac.js';

export interface DefaultRole {
  name: string;
  rules: readonly PolicyRule[];
  /** "admin", "edit" or "view": the rules become part of that role. */
  aggregateTo?: string;
  /** The rules are those of all roles with these labels. */
  aggregates?: Readonly<Record<string, string>>;
  /** Groups that the role is bound to. */
  groups?: readonly string[];
}

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const on = (group: string, resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  apiGroups: [group],
  resources: [...resources],
  verbs: [...verbs],
});

const paths = (...nonResourceURLs: string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] });

const RBAC = 'rbac.authorization.k8s.io';
const AGGREGATE = `${RBAC}/aggregate-to-`;

const CORE_VIEWED = [
  'configmaps',
  'endpoints',
  'persistentvolumeclaims',
  'persistentvolumeclaims/status',
  'pods',
  'serviceaccounts',
  'services',
  'services/status',
];
const APPS = ['daemonsets', 'deployments', 'replicasets', 'statefulsets'];
const SCALED = ['deployments/scale', 'replicasets/scale', 'statefulsets/scale'];
const NETWORK = ['ingresses', 'networkpolicies'];

const statusOf = (resources: readonly string[]): string[] => resources.map((resource) => `${resource}/status`);

const VIEW: readonly PolicyRule[] = [
  on('', CORE_VIEWED, READ),
  on('', ['bindings', 'events', 'limitranges', 'namespaces', 'namespaces/status'], READ),
  on('', ['pods/log', 'pods/status', 'resourcequotas', 'resourcequotas/status'], READ),
  on('discovery.k8s.io', ['endpointslices'], READ),
  on('apps', ['controllerrevisions', ...APPS, ...statusOf(APPS), ...SCALED], READ),
  on('autoscaling', ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'], READ),
  on('batch', ['cronjobs', 'cronjobs/status', 'jobs', 'jobs/status'], READ),
  on('policy', ['poddisruptionbudgets', 'poddisruptionbudgets/status'], READ),
  on('networking.k8s.io', [...NETWORK, 'ingresses/status'], READ),
];

const EDIT: readonly PolicyRule[] = [
  on('', ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'], READ),
  on('', ['serviceaccounts'], ['impersonate']),
  on('', ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'], WRITE),
  on('', ['pods/eviction'], ['create']),
  on('', ['configmaps', 'events', 'persistentvolumeclaims', 'secrets', 'serviceaccounts'], WRITE),
  on('', ['services', 'services/proxy'], WRITE),
  on('', ['serviceaccounts/token'], ['create']),
  on('apps', [...APPS, ...SCALED, 'deployments/rollback'], WRITE),
  on('autoscaling', ['horizontalpodautoscalers'], WRITE),
  on('batch', ['cronjobs', 'jobs'], WRITE),
  on('policy', ['poddisruptionbudgets'], WRITE),
  on('networking.k8s.io', NETWORK, WRITE),
  on('coordination.k8s.io', ['leases'], [...READ, ...WRITE]),
];

const ADMIN: readonly PolicyRule[] = [
  on('authorization.k8s.io', ['localsubjectaccessreviews'], ['create']),
  on(RBAC, ['rolebindings', 'roles'], [...READ, ...WRITE]),
];

const SELF_REVIEWS = ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'];

export const defaultRoles: readonly DefaultRole[] = [
  { name: 'cluster-admin', rules: EVERYTHING, groups: ['system:masters'] },
  { name: 'admin', rules: [], aggregates: { [`${AGGREGATE}admin`]: 'true' } },
  { name: 'edit', rules: [], aggregates: { [`${AGGREGATE}edit`]: 'true' }, aggregateTo: 'admin' },
  { name: 'view', rules: [], aggregates: { [`${AGGREGATE}view`]: 'true' }, aggregateTo: 'edit' },
  { name: 'system:aggregate-to-admin', rules: ADMIN, aggregateTo: 'admin' },
  { name: 'system:aggregate-to-edit', rules: EDIT, aggregateTo: 'edit' },
  { name: 'system:aggregate-to-view', rules: VIEW, aggregateTo: 'view' },
  {
    name: 'system:basic-user',
    rules: [
      on('authorization.k8s.io', SELF_REVIEWS, ['create']),
      on('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
    ],
    groups: ['system:authenticated'],
  },
  {
    name: 'system:discovery',
    rules: [
      paths(
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ),
    ],
    groups: ['system:authenticated'],
  },
  {
    name: 'system:public-info-viewer',
    rules: [paths('/healthz', '/livez', '/readyz', '/version', '/version/')],
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
  {
    name: 'system:monitoring',
    rules: [paths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*')],
    groups: ['system:monitoring'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      paths(
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ),
    ],
    groups: ['system:serviceaccounts'],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      on('authentication.k8s.io', ['tokenreviews'], ['create']),
      on('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
    ],
  },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      on('', ['persistentvolumes'], ['create', 'delete', ...READ]),
      on('', ['persistentvolumeclaims'], [...READ, 'update']),
      on('storage.k8s.io', ['storageclasses'], READ),
      on('', ['events'], ['watch']),
      on('', ['events'], ['create', 'patch', 'update']),
    ],
  },
];

/** What marks an object of the cluster's own: a restart completes it, unless somebody set the annotation to "false". */
export const AUTOUPDATE = `${RBAC}/autoupdate`;

export const labelsOf = ({ aggregateTo }: DefaultRole): Record<string, string> => ({
  'kubernetes.io/bootstrapping': 'rbac-defaults',
  ...(aggregateTo === undefined ? {} : { [`${AGGREGATE}${aggregateTo}`]: 'true' }),
});
