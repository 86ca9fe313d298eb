// What one controller needs on a cluster, from its module's data. The same objects for `stackwright manifests`, which
// prints them for any Kubernetes, and for `stackwright up`.
import type { ControllerModule, PolicyRule } from '@stackwright/core';
import type { ClusterRole, ClusterRoleBinding, Deployment, KubeObject, Role, RoleBinding, ServiceAccount } from '@stackwright/kube';
import { reconcilesAnnotation } from './labels.js';

export interface ManifestOptions {
  /** Where the controller runs, and the one namespace that it watches. */
  namespace: string;
  /** Registry and path in front of every image's name, the controllers' own included. */
  imagePrefix: string;
  /** Tag of the controllers' image. */
  version: string;
  /** Told to the Pod template: a new value replaces the Pods although the image's name stays. */
  build?: string;
}

/** Whom the controllers' image runs as: a fixed id, since `runAsNonRoot` wants a number. */
const controllerUser = 64190;
const port = 8080;

export function controllerManifests(module: ControllerModule, options: ManifestOptions): KubeObject[] {
  return [serviceAccount(module, options), ...permissions(module, options), deployment(module, options)];
}

export const controllerName = (module: ControllerModule): string => `${module.name}-controller`;

function metadata(module: ControllerModule, { namespace }: ManifestOptions) {
  return { name: controllerName(module), namespace, labels: labelsOf(module) };
}

function labelsOf(module: ControllerModule): Record<string, string> {
  return {
    'app.kubernetes.io/name': controllerName(module),
    'app.kubernetes.io/component': 'controller',
    'app.kubernetes.io/part-of': 'stackwright',
  };
}

function serviceAccount(module: ControllerModule, options: ManifestOptions): ServiceAccount {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(module, options) };
}

/** What every controller uses, whatever it reconciles. A Lease cannot be named before it exists, so `create` is apart. */
function commonRules(module: ControllerModule): PolicyRule[] {
  return [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [controllerName(module)], verbs: ['get', 'update'] },
    { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  ];
}

function permissions(module: ControllerModule, options: ManifestOptions): KubeObject[] {
  const rbac = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'ServiceAccount', name: controllerName(module), namespace: options.namespace }];
  const role: Role = {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: metadata(module, options),
    rules: mutable([...module.rules, ...commonRules(module)]),
  };
  const binding: RoleBinding = {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: metadata(module, options),
    roleRef: { apiGroup: rbac, kind: 'Role', name: controllerName(module) },
    subjects,
  };
  if (!module.clusterRules?.length) return [role, binding];

  // Cluster-wide names are shared by all installations: the namespace tells them apart.
  const name = `${options.namespace}-${controllerName(module)}`;
  const clusterRole: ClusterRole = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name, labels: labelsOf(module) },
    rules: mutable(module.clusterRules),
  };
  const clusterBinding: ClusterRoleBinding = {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: labelsOf(module) },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
    subjects,
  };
  return [role, binding, clusterRole, clusterBinding];
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
  const fromField = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...metadata(module, options),
      annotations: { [reconcilesAnnotation]: module.customResources.map(({ kind, group }) => `${kind}.${group}`).join(',') },
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
          securityContext: { runAsNonRoot: true, runAsUser: controllerUser, runAsGroup: controllerUser, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'controller',
              image: `${options.imagePrefix}/controller:${options.version}`,
              command: ['node', `/opt/stackwright/${module.name}/main.js`],
              env: [
                fromField('POD_NAMESPACE', 'metadata.namespace'),
                fromField('WATCH_NAMESPACE', 'metadata.namespace'),
                fromField('BIND_ADDRESS', 'status.podIP'),
                { name: 'HTTP_PORT', value: `${port}` },
                { name: 'STACKWRIGHT_IMAGE_PREFIX', value: options.imagePrefix },
              ],
              ports: [{ name: 'http', containerPort: port }],
              startupProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1, failureThreshold: 60 },
              livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 20, timeoutSeconds: 5 },
              readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 5, timeoutSeconds: 5 },
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
