import { ControlPlane, DatabaseClaim, publish } from '@stackwright/api';
import type { ControllerModule } from '@stackwright/core';
import {
  defineCustomResource,
  type ClusterRole,
  type Deployment,
  type Namespace,
  type Role,
  type RoleBinding,
  type ValidatingAdmissionPolicy,
} from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { manifestsFor } from './manifests.js';

const setup = () => undefined;
const Database = defineCustomResource({
  ...ControlPlane.definition,
  ...publish({ service: 'mariadb', provides: 'database' }),
  group: 'mariadb.stackwright.dev',
  kind: 'MariaDB',
  plural: 'mariadbs',
});
const mariadb: ControllerModule = {
  name: 'mariadb',
  customResources: [Database, DatabaseClaim],
  rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }],
  setup,
};
const coordinator: ControllerModule = {
  name: 'coordinator',
  customResources: [ControlPlane, DatabaseClaim],
  rules: [],
  clusterRules: [{ apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: ['list'] }],
  setup,
};
/** Of a kind that publishes nothing about itself. */
const plain: ControllerModule = {
  name: 'plain',
  customResources: [
    defineCustomResource({ ...ControlPlane.definition, kind: 'Plain', plural: 'plains', labels: {}, annotations: {} }),
  ],
  rules: [],
  setup,
};
const options = { namespace: 'cloud', imagePrefix: 'registry.example/sw', tag: '1.2.3' };
const objects = manifestsFor([mariadb, coordinator], options);
const names = objects.map(
  ({ kind, metadata }) => `${kind ?? ''} ${metadata?.namespace ?? '-'}/${metadata?.name ?? ''}`,
);

const find = <T>(kind: string, name: string): T => {
  const object = objects.find((each) => each.kind === kind && each.metadata?.name === name);
  if (!object) throw new Error(`no ${kind} ${name}`);
  return object as T;
};

describe('manifests', () => {
  it('claim no map that they put nothing into: who applies them too would be refused', () => {
    for (const { kind, metadata } of manifestsFor([mariadb, plain], options))
      for (const map of [metadata?.labels, metadata?.annotations])
        expect(map, `${kind ?? ''} ${metadata?.name ?? ''}`).not.toEqual({});
  });

  it('are all that a cluster needs, each object once, kinds before those who use them', () => {
    expect(names).toEqual([
      'Namespace -/cloud',
      'CustomResourceDefinition -/mariadbs.mariadb.stackwright.dev',
      'CustomResourceDefinition -/databaseclaims.claims.stackwright.dev',
      'CustomResourceDefinition -/controlplanes.stackwright.dev',
      'ServiceAccount cloud/mariadb-controller',
      'Role cloud/mariadb-controller',
      'RoleBinding cloud/mariadb-controller',
      'ClusterRole -/cloud-mariadb-controller',
      'ClusterRoleBinding -/cloud-mariadb-controller',
      'Role cloud/mariadb-controller-coordination',
      'RoleBinding cloud/mariadb-controller-coordination',
      'ValidatingAdmissionPolicy -/cloud-mariadb-controller-pods',
      'ValidatingAdmissionPolicyBinding -/cloud-mariadb-controller-pods',
      'ValidatingAdmissionPolicy -/cloud-mariadb-controller-data',
      'ValidatingAdmissionPolicyBinding -/cloud-mariadb-controller-data',
      'NetworkPolicy cloud/mariadb-controller',
      'Deployment cloud/mariadb-controller',
      'ServiceAccount cloud/coordinator-controller',
      'Role cloud/coordinator-controller',
      'RoleBinding cloud/coordinator-controller',
      'ClusterRole -/cloud-coordinator-controller',
      'ClusterRoleBinding -/cloud-coordinator-controller',
      'ValidatingAdmissionPolicy -/cloud-coordinator-controller-pods',
      'ValidatingAdmissionPolicyBinding -/cloud-coordinator-controller-pods',
      'ValidatingAdmissionPolicy -/cloud-coordinator-controller-data',
      'ValidatingAdmissionPolicyBinding -/cloud-coordinator-controller-data',
      'NetworkPolicy cloud/coordinator-controller',
      'Deployment cloud/coordinator-controller',
    ]);
  });

  it('let Pods into the namespace that are restricted, and no others', () => {
    expect(find<Namespace>('Namespace', 'cloud').metadata?.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
      'pod-security.kubernetes.io/audit': 'restricted',
    });
  });

  it('say of each controller whose Pods it may make: what its module declares', () => {
    const [declared] = manifestsFor(
      [{ ...mariadb, pods: { serviceAccounts: ['db'], volumes: ['secret', 'image'] } }],
      options,
    ).filter(({ kind }) => kind === 'ValidatingAdmissionPolicy') as ValidatingAdmissionPolicy[];
    const expressions = JSON.stringify(declared?.spec?.validations);
    expect(expressions).toContain("orValue('default') in ['db']");
    expect(expressions).toContain('all(v, has(v.secret) || has(v.image))');
    expect(declared?.spec?.matchConditions).toMatchObject([
      { expression: "request.userInfo.username == 'system:serviceaccount:cloud:mariadb-controller'" },
    ]);
  });

  it('allow what the module says, leases and events, and nothing by wildcard', () => {
    const role = find<Role>('Role', 'mariadb-controller');
    expect(role.rules).toContainEqual({ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] });
    expect(role.rules).toContainEqual({
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: ['mariadb-controller'],
      verbs: ['get', 'update'],
    });
    const cluster = find<ClusterRole>('ClusterRole', 'cloud-coordinator-controller');
    expect(JSON.stringify([role.rules, cluster.rules])).not.toContain('*');
  });

  it('let each controller see that its own namespace ends, and no other one', () => {
    const { rules } = find<ClusterRole>('ClusterRole', 'cloud-mariadb-controller');
    expect(rules).toEqual([
      { apiGroups: [''], resources: ['namespaces'], resourceNames: ['cloud'], verbs: ['list', 'watch'] },
    ]);
  });

  it('let the coordinator at the object of each service, and at nothing else', () => {
    expect(find<Role>('Role', 'mariadb-controller-coordination').rules).toEqual([
      expect.objectContaining({ apiGroups: ['mariadb.stackwright.dev'], resources: ['mariadbs'] }),
    ]);
    const { subjects } = find<RoleBinding>('RoleBinding', 'mariadb-controller-coordination');
    expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'coordinator-controller', namespace: 'cloud' }]);
  });

  it('run the controller without privileges and watch their own namespace', () => {
    const { template } = find<Deployment>('Deployment', 'mariadb-controller').spec ?? {};
    const container = template?.spec?.containers[0];
    expect(template?.spec).toMatchObject({
      serviceAccountName: 'mariadb-controller',
      securityContext: { runAsNonRoot: true },
    });
    expect(container).toMatchObject({
      image: 'registry.example/sw/controller:1.2.3',
      command: ['node', '/opt/stackwright/mariadb/main.js'],
      securityContext: {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      },
      readinessProbe: { httpGet: { path: '/readyz' } },
    });
    expect(container?.env).toContainEqual({
      name: 'WATCH_NAMESPACE',
      valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } },
    });
    expect(container?.env).toContainEqual({ name: 'STACKWRIGHT_IMAGE_PREFIX', value: 'registry.example/sw' });
  });

  it('name the kinds that a controller reconciles', () => {
    const { metadata } = find<Deployment>('Deployment', 'mariadb-controller');
    expect(metadata?.annotations?.['stackwright.dev/reconciles']).toBe(
      'MariaDB.mariadb.stackwright.dev,DatabaseClaim.claims.stackwright.dev',
    );
  });
});
