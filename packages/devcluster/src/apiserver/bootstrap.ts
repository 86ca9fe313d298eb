// What every cluster begins with.
import { randomUUID } from 'node:crypto';
import { timestamp, type ServerContext } from './context.js';
import type { ApiObject } from './json.js';

export function createInitialObjects(context: ServerContext): void {
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

function ensure({ store, now }: ServerContext, resource: string, object: ApiObject): void {
  const { name = '', namespace } = object.metadata;
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  if (store.get(resource, key)) return;
  store.put(resource, key, { ...object, metadata: { ...object.metadata, uid: randomUUID(), creationTimestamp: timestamp(now()) } });
}
