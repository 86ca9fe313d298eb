// Valid objects, of every kind that controllers write, with as many fields as go together.

export interface Sample {
  /** What it is called where differences are told. */
  title: string;
  /** Of its collection; `*` stands for the namespace of the run. */
  path: string;
  object: Readonly<Record<string, unknown>>;
}

const labels = { app: 'web', 'example.com/tier': 'front' };
const selector = { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] };
const metadata = (name: string, more: object = {}): object => ({
  name,
  labels,
  annotations: { 'example.com/note': 'any text' },
  ...more,
});

const probe = {
  httpGet: { path: '/live', port: 'http', scheme: 'HTTP', httpHeaders: [{ name: 'X-Probe', value: 'yes' }] },
  initialDelaySeconds: 1,
  timeoutSeconds: 2,
  periodSeconds: 3,
  successThreshold: 1,
  failureThreshold: 4,
};

const container = {
  name: 'web',
  image: 'example.com/web:1',
  imagePullPolicy: 'IfNotPresent',
  command: ['/web'],
  args: ['--port=80'],
  workingDir: '/srv',
  ports: [
    { name: 'http', containerPort: 80, protocol: 'TCP' },
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
  ],
  env: [
    { name: 'PLAIN', value: 'a' },
    { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'keys', key: 'a', optional: true } } },
    { name: 'CONFIG', valueFrom: { configMapKeyRef: { name: 'config', key: 'a' } } },
    { name: 'FIELD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    { name: 'CPU', valueFrom: { resourceFieldRef: { containerName: 'web', resource: 'limits.cpu', divisor: '1m' } } },
  ],
  envFrom: [{ prefix: 'P_', configMapRef: { name: 'config' } }, { secretRef: { name: 'keys', optional: true } }],
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
  volumeMounts: [
    { name: 'scratch', mountPath: '/scratch', subPath: 'a/b' },
    { name: 'config', mountPath: '/etc/web', readOnly: true },
  ],
  livenessProbe: probe,
  readinessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 },
  startupProbe: { exec: { command: ['true'] } },
  lifecycle: { preStop: { exec: { command: ['sleep', '1'] } }, postStart: { httpGet: { path: '/', port: 80 } } },
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  securityContext: {
    runAsUser: 1000,
    runAsGroup: 1000,
    runAsNonRoot: true,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    seccompProfile: { type: 'RuntimeDefault' },
    appArmorProfile: { type: 'RuntimeDefault' },
    procMount: 'Default',
  },
};

const volumes = [
  { name: 'scratch', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
  {
    name: 'config',
    configMap: { name: 'config', defaultMode: 0o644, items: [{ key: 'a', path: 'b/c', mode: 0o600 }] },
  },
  {
    name: 'keys',
    secret: { secretName: 'keys', defaultMode: 0o400, items: [{ key: 'a', path: 'a' }], optional: true },
  },
  { name: 'claim', persistentVolumeClaim: { claimName: 'claim', readOnly: true } },
  { name: 'host', hostPath: { path: '/var/lib/web', type: 'DirectoryOrCreate' } },
  { name: 'nfs', nfs: { server: 'nfs.example.com', path: '/export', readOnly: true } },
  {
    name: 'described',
    downwardAPI: { defaultMode: 0o644, items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
  },
  {
    name: 'mixed',
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 3600, audience: 'api' } },
        { configMap: { name: 'config', items: [{ key: 'a', path: 'a' }] } },
        { secret: { name: 'keys', items: [{ key: 'b', path: 'b' }] } },
        { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      ],
    },
  },
  {
    name: 'own',
    ephemeral: {
      volumeClaimTemplate: {
        metadata: { labels },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    },
  },
  { name: 'csi', csi: { driver: 'csi.example.com', volumeAttributes: { a: 'b' }, readOnly: true } },
];

const placement = {
  nodeSelector: { 'example.com/never': 'true' },
  tolerations: [
    { key: 'example.com/taint', operator: 'Equal', value: 'yes', effect: 'NoSchedule' },
    { key: 'example.com/other', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 },
  ],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'example.com/zone', operator: 'In', values: ['a'] }] }],
      },
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 10, preference: { matchExpressions: [{ key: 'example.com/disk', operator: 'Exists' }] } },
      ],
    },
    podAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 5, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: selector } },
      ],
    },
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: selector, namespaces: ['default'] },
      ],
    },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: selector,
      minDomains: 1,
      nodeAffinityPolicy: 'Honor',
      nodeTaintsPolicy: 'Ignore',
      matchLabelKeys: ['pod-template-hash'],
    },
  ],
};

const podSpec = {
  containers: [container],
  initContainers: [
    { name: 'first', image: 'example.com/init:1' },
    { name: 'side', image: 'example.com/side:1', restartPolicy: 'Always' },
  ],
  volumes,
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  activeDeadlineSeconds: 600,
  dnsPolicy: 'ClusterFirst',
  dnsConfig: { nameservers: ['192.0.2.1'], searches: ['example.com'], options: [{ name: 'ndots', value: '2' }] },
  hostAliases: [{ ip: '192.0.2.2', hostnames: ['alias.example.com'] }],
  hostname: 'web-0',
  subdomain: 'web',
  enableServiceLinks: false,
  imagePullSecrets: [{ name: 'pull' }],
  readinessGates: [{ conditionType: 'example.com/ready' }],
  schedulerName: 'nobody',
  securityContext: {
    runAsUser: 1000,
    runAsGroup: 1000,
    runAsNonRoot: true,
    fsGroup: 1000,
    fsGroupChangePolicy: 'OnRootMismatch',
    supplementalGroups: [2000],
    sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
    seccompProfile: { type: 'Localhost', localhostProfile: 'web.json' },
  },
  shareProcessNamespace: false,
  ...placement,
};

const template = (spec: object = {}): object => ({
  metadata: { labels },
  spec: {
    containers: [
      { name: 'web', image: 'example.com/web:1', ports: [{ containerPort: 80 }], resources: container.resources },
    ],
    nodeSelector: placement.nodeSelector,
    ...spec,
  },
});

const claimSpec = {
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: '1Gi' } },
  storageClassName: 'slow',
  volumeMode: 'Filesystem',
};

const sample = (title: string, apiVersion: string, kind: string, plural: string, object: object): Sample => {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return {
    title,
    path: plural.startsWith('/') ? `${root}${plural}` : `${root}/namespaces/*/${plural}`,
    object: { apiVersion, kind, ...object },
  };
};

const jobSpec = {
  parallelism: 1,
  completions: 2,
  completionMode: 'Indexed',
  backoffLimitPerIndex: 1,
  maxFailedIndexes: 1,
  activeDeadlineSeconds: 600,
  ttlSecondsAfterFinished: 60,
  suspend: true,
  podReplacementPolicy: 'Failed',
  podFailurePolicy: {
    rules: [
      { action: 'FailJob', onExitCodes: { containerName: 'web', operator: 'In', values: [42] } },
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    ],
  },
  template: template({ restartPolicy: 'Never' }),
};

export const samples: readonly Sample[] = [
  sample('Pod', 'v1', 'Pod', 'pods', { metadata: metadata('fuzz'), spec: podSpec }),
  sample('Deployment', 'apps/v1', 'Deployment', 'deployments', {
    metadata: metadata('fuzz'),
    spec: {
      replicas: 1,
      selector,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } },
      minReadySeconds: 5,
      progressDeadlineSeconds: 60,
      revisionHistoryLimit: 3,
      paused: true,
      template: template(),
    },
  }),
  sample('StatefulSet', 'apps/v1', 'StatefulSet', 'statefulsets', {
    metadata: metadata('fuzz'),
    spec: {
      replicas: 0,
      serviceName: 'web',
      selector,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
      revisionHistoryLimit: 3,
      minReadySeconds: 1,
      ordinals: { start: 1 },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
      template: template(),
      volumeClaimTemplates: [{ metadata: { name: 'data', labels }, spec: claimSpec }],
    },
  }),
  sample('DaemonSet', 'apps/v1', 'DaemonSet', 'daemonsets', {
    metadata: metadata('fuzz'),
    spec: {
      selector,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      minReadySeconds: 1,
      revisionHistoryLimit: 3,
      template: template(),
    },
  }),
  sample('Job', 'batch/v1', 'Job', 'jobs', { metadata: metadata('fuzz'), spec: jobSpec }),
  sample('Job, plain', 'batch/v1', 'Job', 'jobs', {
    metadata: metadata('fuzz-plain'),
    spec: { suspend: true, backoffLimit: 2, template: template({ restartPolicy: 'OnFailure' }) },
  }),
  sample('CronJob', 'batch/v1', 'CronJob', 'cronjobs', {
    metadata: metadata('fuzz'),
    spec: {
      schedule: '*/5 1-3 * JAN-FEB MON',
      timeZone: 'Europe/Berlin',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: 100,
      suspend: true,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: { metadata: { labels }, spec: { template: template({ restartPolicy: 'Never' }) } },
    },
  }),
  sample('Service', 'v1', 'Service', 'services', {
    metadata: metadata('fuzz'),
    spec: {
      type: 'ClusterIP',
      selector: { app: 'web' },
      ports: [
        { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' },
        { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
      ],
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      publishNotReadyAddresses: true,
      internalTrafficPolicy: 'Cluster',
      ipFamilyPolicy: 'SingleStack',
      ipFamilies: ['IPv4'],
      externalIPs: ['192.0.2.1'],
      trafficDistribution: 'PreferClose',
    },
  }),
  sample('Service, headless', 'v1', 'Service', 'services', {
    metadata: metadata('fuzz-headless'),
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 80 }] },
  }),
  sample('Service, balanced', 'v1', 'Service', 'services', {
    metadata: metadata('fuzz-balanced'),
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      loadBalancerSourceRanges: ['192.0.2.0/24'],
      loadBalancerClass: 'example.com/lb',
      allocateLoadBalancerNodePorts: false,
      selector: { app: 'web' },
      ports: [{ port: 80 }],
    },
  }),
  sample('Service, elsewhere', 'v1', 'Service', 'services', {
    metadata: metadata('fuzz-elsewhere'),
    spec: { type: 'ExternalName', externalName: 'web.example.com' },
  }),
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
  sample('PodDisruptionBudget', 'policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', {
    metadata: metadata('fuzz'),
    spec: { selector, minAvailable: '50%', unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  }),
  sample('Ingress', 'networking.k8s.io/v1', 'Ingress', 'ingresses', {
    metadata: metadata('fuzz'),
    spec: {
      ingressClassName: 'web',
      defaultBackend: { resource: { apiGroup: 'example.com', kind: 'Bucket', name: 'all' } },
      tls: [{ hosts: ['web.example.com'], secretName: 'tls' }],
      rules: [
        {
          host: '*.example.com',
          http: {
            paths: [
              { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } },
              { path: '/b', pathType: 'Exact', backend: { service: { name: 'web', port: { name: 'http' } } } },
            ],
          },
        },
      ],
    },
  }),
  sample('NetworkPolicy', 'networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', {
    metadata: metadata('fuzz'),
    spec: {
      podSelector: selector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          ports: [
            { protocol: 'TCP', port: 80, endPort: 90 },
            { protocol: 'UDP', port: 'dns' },
          ],
          from: [
            { podSelector: selector, namespaceSelector: selector },
            { ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.8/29'] } },
          ],
        },
      ],
      egress: [{ ports: [{ port: 443 }], to: [{ namespaceSelector: {} }] }],
    },
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
  sample('EndpointSlice', 'discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', {
    metadata: metadata('fuzz'),
    addressType: 'IPv4',
    endpoints: [
      {
        addresses: ['192.0.2.10'],
        conditions: { ready: true, serving: true, terminating: false },
        hostname: 'web-0',
        nodeName: 'node-1',
        zone: 'a',
        hints: { forZones: [{ name: 'a' }] },
      },
    ],
    ports: [{ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' }],
  }),
  sample('Namespace', 'v1', 'Namespace', '/namespaces', { metadata: metadata('fuzz-%') }),
];
