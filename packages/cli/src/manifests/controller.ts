// What one controller needs on a cluster, from its module's data. The same objects for `stackwright manifests`, which
// prints them for any Kubernetes, and for `stackwright up`.
import { controllerLabels, publishedService } from '@stackwright/api';
import { coordinator, coordinatorRules } from '@stackwright/coordinator';
import { eventRules, type ControllerModule, type PolicyRule } from '@stackwright/core';
import type {
  ClusterRole,
  ClusterRoleBinding,
  Deployment,
  KubeObject,
  NetworkPolicy,
  ObjectMeta,
  Role,
  RoleBinding,
  ServiceAccount,
} from '@stackwright/kube';
import { admissionPolicies } from './admission.js';
import { reconcilesAnnotation } from './labels.js';

export interface ManifestOptions {
  /** Where the controller runs, and the one namespace that it watches. */
  namespace: string;
  /** Registry and path in front of every image's name, the controllers' own included. */
  imagePrefix: string;
  /** Of the controllers' image. */
  tag: string;
  /** Told to the Pod template: a new value replaces the Pods although the image's name stays. */
  build?: string;
}

/** Whom the controllers' image runs as: a fixed id, since `runAsNonRoot` wants a number. */
const controllerUser = 64190;
const port = 8080;

export function controllerManifests(module: ControllerModule, options: ManifestOptions): KubeObject[] {
  return [
    serviceAccount(module, options),
    ...permissions(module, options),
    ...coordinatorPermissions(module, options),
    ...admissionPolicies(module, {
      name: wideName(module, options),
      labels: labelsOf(module),
      user: `system:serviceaccount:${options.namespace}:${controllerName(module)}`,
    }),
    networkPolicy(module, options),
    deployment(module, options),
  ];
}

export const controllerName = (module: ControllerModule): string => `${module.name}-controller`;

/** Cluster-wide names are shared by all installations: the namespace tells them apart. */
const wideName = (module: ControllerModule, { namespace }: ManifestOptions): string =>
  `${namespace}-${controllerName(module)}`;

function metadata(module: ControllerModule, { namespace }: ManifestOptions) {
  return { name: controllerName(module), namespace, labels: labelsOf(module) };
}

function labelsOf(module: ControllerModule): Record<string, string> {
  return { ...controllerLabels(module.name), 'app.kubernetes.io/part-of': 'stackwright' };
}

function serviceAccount(module: ControllerModule, options: ManifestOptions): ServiceAccount {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(module, options) };
}

/** Metrics and health for all Pods of the cluster, and no other way in. */
function networkPolicy(module: ControllerModule, options: ManifestOptions): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(module, options),
    spec: {
      podSelector: { matchLabels: controllerLabels(module.name) },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port, protocol: 'TCP' }] }],
    },
  };
}

/** What every controller uses, whatever it reconciles. A Lease cannot be named before it exists, so `create` is apart. */
function commonRules(module: ControllerModule): PolicyRule[] {
  return [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [controllerName(module)],
      verbs: ['get', 'update'],
    },
    ...eventRules,
  ];
}

/** To know that it is being deleted: no Role inside a namespace can say that it may be watched. */
const namespaceRule = ({ namespace }: ManifestOptions): PolicyRule => ({
  apiGroups: [''],
  resources: ['namespaces'],
  resourceNames: [namespace],
  verbs: ['list', 'watch'],
});

function permissions(module: ControllerModule, options: ManifestOptions): KubeObject[] {
  const subject = subjectOf(controllerName(module), options);
  const own = granted(metadata(module, options), [...module.rules, ...commonRules(module)], subject);

  const name = wideName(module, options);
  const role: ClusterRole = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name, labels: labelsOf(module) },
    rules: mutable([...(module.clusterRules ?? []), namespaceRule(options)]),
  };
  const binding: ClusterRoleBinding = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: labelsOf(module) },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
    subjects: [subject],
  };
  return [...own, role, binding];
}

/** A service's team grants the coordinator what it needs of the service's object; leaving this out keeps it away. */
function coordinatorPermissions(module: ControllerModule, options: ManifestOptions): KubeObject[] {
  const services = module.customResources.filter(({ definition }) => publishedService(definition) !== undefined);
  return services.flatMap((resource) => {
    const { name } = metadata(module, options);
    const of = { ...metadata(module, options), name: `${name}-coordination` };
    return granted(of, coordinatorRules(resource), subjectOf(controllerName(coordinator), options));
  });
}

const rbac = 'rbac.authorization.k8s.io';

const subjectOf = (serviceAccountName: string, { namespace }: ManifestOptions) => ({
  kind: 'ServiceAccount',
  name: serviceAccountName,
  namespace,
});

/** A Role, and the RoleBinding of the same name. */
function granted(
  of: ObjectMeta & { name: string },
  rules: readonly PolicyRule[],
  subject: ReturnType<typeof subjectOf>,
): [Role, RoleBinding] {
  return [
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: of, rules: mutable(rules) },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: of,
      roleRef: { apiGroup: rbac, kind: 'Role', name: of.name },
      subjects: [subject],
    },
  ];
}

const mutable = (rules: readonly PolicyRule[]): NonNullable<Role['rules']> =>
  rules.map(({ apiGroups, resources, resourceNames, verbs }) => ({
    apiGroups: [...apiGroups],
    resources: [...resources],
    ...(resourceNames ? { resourceNames: [...resourceNames] } : {}),
    verbs: [...verbs],
  }));

function deployment(module: ControllerModule, options: ManifestOptions): Deployment {
  const name = controllerName(module);
  const selector = { 'app.kubernetes.io/name': name };
  const fromField = (variable: string, fieldPath: string) => ({
    name: variable,
    valueFrom: { fieldRef: { fieldPath } },
  });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...metadata(module, options),
      annotations: {
        [reconcilesAnnotation]: module.customResources.map(({ kind, group }) => `${kind}.${group}`).join(','),
      },
    },
    spec: {
      // One is enough: what it manages runs on without it, and a second would only wait for the Lease.
      replicas: 1,
      selector: { matchLabels: selector },
      template: {
        metadata: {
          labels: labelsOf(module),
          annotations: {
            'prometheus.io/scrape': 'true',
            'prometheus.io/port': `${port}`,
            ...(options.build === undefined ? {} : { 'stackwright.dev/build': options.build }),
          },
        },
        spec: {
          serviceAccountName: name,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: controllerUser,
            runAsGroup: controllerUser,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'controller',
              image: `${options.imagePrefix}/controller:${options.tag}`,
              command: ['node', `/opt/stackwright/${module.name}/main.js`],
              env: [
                fromField('POD_NAMESPACE', 'metadata.namespace'),
                fromField('WATCH_NAMESPACE', 'metadata.namespace'),
                fromField('BIND_ADDRESS', 'status.podIP'),
                { name: 'HTTP_PORT', value: `${port}` },
                { name: 'LEADER_ELECTION', value: 'true' },
                { name: 'STACKWRIGHT_IMAGE_PREFIX', value: options.imagePrefix },
              ],
              ports: [{ name: 'http', containerPort: port }],
              startupProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1, failureThreshold: 60 },
              livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 20, timeoutSeconds: 5 },
              readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 2, timeoutSeconds: 5 },
              resources: { requests: { cpu: '10m', memory: '96Mi' }, limits: { memory: '256Mi' } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    },
  };
}
