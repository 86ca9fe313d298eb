// Configuration, storage, rights, and what controllers note down.
import { claimSpec, metadata, sample, selector, type Sample } from './sample.js';

export const others: readonly Sample[] = [
  sample('ConfigMap', 'v1', 'ConfigMap', 'configmaps', {
    metadata: metadata('fuzz', { finalizers: ['example.com/held'] }),
    data: { 'a.conf': 'x' },
    binaryData: { b: 'AAA=' },
    immutable: false,
  }),
  sample('Secret', 'v1', 'Secret', 'secrets', {
    metadata: metadata('fuzz'),
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': 'AAA=', 'tls.key': 'AAA=' },
  }),
  sample('Secret, written', 'v1', 'Secret', 'secrets', {
    metadata: metadata('fuzz-written'),
    type: 'Opaque',
    stringData: { a: 'b' },
    immutable: true,
  }),
  sample('PersistentVolumeClaim', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', {
    metadata: metadata('fuzz'),
    spec: { ...claimSpec, selector },
  }),
  sample('ServiceAccount', 'v1', 'ServiceAccount', 'serviceaccounts', {
    metadata: metadata('fuzz'),
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: 'pull' }],
    secrets: [{ name: 'keys' }],
  }),
  sample('Role', 'rbac.authorization.k8s.io/v1', 'Role', 'roles', {
    metadata: metadata('fuzz'),
    rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'], resourceNames: ['web'] }],
  }),
  sample('ClusterRole', 'rbac.authorization.k8s.io/v1', 'ClusterRole', '/clusterroles', {
    metadata: metadata('fuzz-%'),
    rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }],
  }),
  sample('RoleBinding', 'rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', {
    metadata: metadata('fuzz'),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [
      { kind: 'ServiceAccount', name: 'default', namespace: 'default' },
      { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'somebody' },
    ],
  }),
  sample('Lease', 'coordination.k8s.io/v1', 'Lease', 'leases', {
    metadata: metadata('fuzz'),
    spec: {
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      acquireTime: '2025-01-01T00:00:00.000000Z',
      renewTime: '2025-01-01T00:00:00.000000Z',
      leaseTransitions: 1,
    },
  }),
  sample('Event', 'v1', 'Event', 'events', {
    metadata: metadata('fuzz'),
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: '*', name: 'web', uid: 'a' },
    reason: 'Tested',
    message: 'It was tested',
    type: 'Normal',
    count: 1,
    firstTimestamp: '2025-01-01T00:00:00Z',
    lastTimestamp: '2025-01-01T00:00:00Z',
    source: { component: 'test', host: 'here' },
  }),
  sample('Event of events.k8s.io', 'events.k8s.io/v1', 'Event', 'events', {
    metadata: metadata('fuzz-new'),
    regarding: { apiVersion: 'v1', kind: 'Pod', namespace: '*', name: 'web', uid: 'a' },
    eventTime: '2025-01-01T00:00:00.000000Z',
    reportingController: 'example.com/test',
    reportingInstance: 'test-0',
    action: 'Test',
    reason: 'Tested',
    note: 'It was tested',
    type: 'Normal',
  }),
  sample('Namespace', 'v1', 'Namespace', '/namespaces', { metadata: metadata('fuzz-%') }),
  sample('ClusterRole, aggregated', 'rbac.authorization.k8s.io/v1', 'ClusterRole', '/clusterroles', {
    metadata: metadata('fuzz-%'),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'example.com/part': 'none' } }] },
    rules: [],
  }),
  sample('ClusterRoleBinding', 'rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', '/clusterrolebindings', {
    metadata: metadata('fuzz-%'),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [
      { kind: 'ServiceAccount', name: 'default', namespace: 'default' },
      { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'some' },
    ],
  }),
  sample('StorageClass', 'storage.k8s.io/v1', 'StorageClass', '/storageclasses', {
    metadata: metadata('fuzz-%'),
    provisioner: 'example.com/disks',
    parameters: { type: 'fast' },
    reclaimPolicy: 'Retain',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
    mountOptions: ['ro'],
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'example.com/zone', values: ['a'] }] }],
  }),
];
