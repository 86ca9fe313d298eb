// What every cluster begins with.
import { randomUUID } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { timestamp, type ServerContext } from './context.js';
import { equal, type ApiObject } from './json.js';
import { systemClasses } from './registry/builtin/priority-classes.js';

export function createNamespaces(context: ServerContext): void {
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    ensure(context, '/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
}

export function createPriorityClasses(context: ServerContext): void {
  for (const [name, { value, description }] of Object.entries(systemClasses)) {
    ensure(context, 'scheduling.k8s.io/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name, generation: 1 },
      value,
      description,
      preemptionPolicy: 'PreemptLowerPriority',
    });
  }
}

/** The Service `kubernetes`, by which Pods find the API server, and where it leads to now. */
export function publishServer(
  context: ServerContext,
  server: { clusterIP: string; address: string; port: number },
): void {
  const metadata = {
    name: 'kubernetes',
    namespace: 'default',
    labels: { component: 'apiserver', provider: 'kubernetes' },
  };
  ensure(context, '/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      clusterIP: server.clusterIP,
      clusterIPs: [server.clusterIP],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: server.port }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
    },
    status: { loadBalancer: {} },
  });
  if (!isIPv4(server.address)) return;
  const port = { name: 'https', port: server.port, protocol: 'TCP' };
  ensure(context, '/endpoints', {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: server.address }], ports: [port] }],
  });
  ensure(context, 'discovery.k8s.io/endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [server.address], conditions: { ready: true } }],
    ports: [port],
  });
}

/** Creates the object, or brings an older one up to date but for its metadata. */
function ensure(context: ServerContext, resource: string, object: ApiObject): void {
  const { store } = context;
  const { name = '', namespace } = object.metadata;
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  const old = store.get(resource, key);
  if (!old) {
    store.put(resource, key, {
      ...object,
      metadata: { ...object.metadata, uid: randomUUID(), creationTimestamp: timestamp(context.now()) },
    });
    return;
  }
  if (resource === '/namespaces') return;
  const next = { ...old, ...object, metadata: old.metadata };
  if (!equal(next, old)) store.put(resource, key, next);
}
