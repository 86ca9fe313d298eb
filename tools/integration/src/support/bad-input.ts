// Objects that must be refused when they are written, and the field that the refusal must name.
import { ControlPlane, IdentityClaim } from '@stackwright/api';
import { Glance } from '@stackwright/glance';
import { Keystone } from '@stackwright/keystone';
import { apiVersionOf, type CustomResource, type KubeObject } from '@stackwright/kube';
import { MariaDB } from '@stackwright/mariadb';

export interface BadInput {
  what: string;
  kind: CustomResource;
  spec: object;
  path: string;
}

export const badInputs: readonly BadInput[] = [
  { what: 'a number out of range', kind: Keystone, spec: { release: '2025.1', replicas: 0 }, path: 'spec.replicas' },
  { what: 'a wrong type', kind: Keystone, spec: { release: '2025.1', replicas: 'two' }, path: 'spec.replicas' },
  { what: 'a required field that is missing', kind: Keystone, spec: { replicas: 1 }, path: 'spec.release' },
  { what: 'a value that is not of the pattern', kind: Keystone, spec: { release: 'epoxy' }, path: 'spec.release' },
  {
    what: 'a field deep down',
    kind: Keystone,
    spec: { release: '2025.1', fernet: { maxActiveKeys: 1 } },
    path: 'spec.fernet.maxActiveKeys',
  },
  {
    what: 'a word that is none of the words',
    kind: MariaDB,
    spec: { deletionPolicy: 'Keep' },
    path: 'spec.deletionPolicy',
  },
  {
    what: 'a role that two services shall play',
    kind: ControlPlane,
    spec: { release: '2025.1', infrastructure: { database: { mariadb: {}, mysql: {} } } },
    path: 'spec.infrastructure.database',
  },
  {
    what: 'several replicas on a volume that is on one node at a time',
    kind: Glance,
    spec: { release: '2025.1', replicas: 2 },
    path: 'accessMode ReadWriteMany',
  },
  {
    what: 'ids that would be forgotten first',
    kind: Glance,
    spec: { release: '2025.1', purge: { olderThanDays: 30, idsOlderThanDays: 7 } },
    path: 'spec.purge',
  },
  {
    what: 'a toleration of nothing',
    kind: Keystone,
    spec: { release: '2025.1', tolerations: [{ operator: 'Equal', value: 'x' }] },
    path: 'spec.tolerations[0]',
  },
  {
    what: 'a disruption budget of both kinds',
    kind: MariaDB,
    spec: { podDisruptionBudget: { maxUnavailable: 1, minAvailable: '50%' } },
    path: 'spec.podDisruptionBudget',
  },
  {
    what: 'a spread of which the labels are said',
    kind: Keystone,
    spec: {
      release: '2025.1',
      topologySpreadConstraints: [
        { topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: {} } },
      ],
    },
    path: 'spec.topologySpreadConstraints[0].labelSelector',
  },
  {
    what: 'an extra volume of two sources',
    kind: Keystone,
    spec: {
      release: '2025.1',
      extraVolumes: [{ mountPath: '/x', secret: { secretName: 'a' }, configMap: { name: 'a' } }],
    },
    path: 'spec.extraVolumes[0]',
  },
  {
    what: 'an extra volume at a path that leads elsewhere',
    kind: Keystone,
    spec: { release: '2025.1', extraVolumes: [{ mountPath: '/x/../etc', configMap: { name: 'a' } }] },
    path: 'spec.extraVolumes[0].mountPath',
  },
  {
    what: 'a Secret to be written to',
    kind: Keystone,
    spec: { release: '2025.1', extraVolumes: [{ mountPath: '/x', readOnly: false, secret: { secretName: 'a' } }] },
    path: 'spec.extraVolumes[0]',
  },
  {
    what: 'a route by both ways',
    kind: Keystone,
    spec: {
      release: '2025.1',
      route: { hostname: 'a.example', ingress: {}, gateway: { parentRefs: [{ name: 'edge' }] } },
    },
    path: 'spec.route',
  },
  {
    what: 'a field that does not exist',
    kind: Keystone,
    spec: { release: '2025.1', replica: 1 },
    path: 'spec.replica',
  },
  {
    what: "Keystone's own administrator as a service user",
    kind: IdentityClaim,
    spec: { user: { name: 'Admin' } },
    path: 'spec.user.name',
  },
  {
    what: "Keystone's own entry in the catalog",
    kind: IdentityClaim,
    spec: { user: { name: 'x' }, service: { type: 'identity', name: 'x', endpoints: { public: 'http://x' } } },
    path: 'spec.service.type',
  },
  {
    what: 'a service without endpoints',
    kind: IdentityClaim,
    spec: { user: { name: 'x' }, service: { type: 'x', name: 'x', endpoints: {} } },
    path: 'spec.service.endpoints',
  },
  {
    what: 'a domain administrator among service users',
    kind: IdentityClaim,
    spec: { user: { name: 'x', domain: 'heat' }, domainAdmin: { domain: 'heat', user: 'y' } },
    path: 'domainAdmin needs a domain of its own',
  },
];

export const badObject = ({ kind, spec }: BadInput, namespace: string): KubeObject => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  metadata: { name: 'bad', namespace },
  ...{ spec },
});
