// A Pod with as many fields as go together, and the template that workloads have.
import { labels, metadata, sample, selector, type Sample } from './sample.js';

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

export const template = (spec: object = {}): object => ({
  metadata: { labels },
  spec: {
    containers: [
      { name: 'web', image: 'example.com/web:1', ports: [{ containerPort: 80 }], resources: container.resources },
    ],
    nodeSelector: placement.nodeSelector,
    ...spec,
  },
});

export const pods: readonly Sample[] = [
  sample('Pod', 'v1', 'Pod', 'pods', { metadata: metadata('fuzz'), spec: podSpec }),
];
