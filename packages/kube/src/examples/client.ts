import { ConfigMap, createClient, createTransport, Deployment, isNotFound, loadConfig } from '../index.js';

const connection = await loadConfig(); // $KUBECONFIG, the Pod's ServiceAccount, or ~/.kube/config
const transport = createTransport({ connection, userAgent: 'example/1.0' });
const client = createClient(transport);
const key = { namespace: connection.namespace, name: 'web' };

try {
  const deployment = await client.get(Deployment, key);
  console.log(deployment.status?.readyReplicas ?? 0, 'ready');
} catch (error) {
  if (!isNotFound(error)) throw error;
}

// Server-side apply: exactly the fields that we want to own.
await client.apply(ConfigMap, { metadata: key, data: { greeting: 'hello' } }, { fieldManager: 'example', force: true });

for await (const event of client.watch(Deployment, { namespace: key.namespace, timeoutSeconds: 300 })) {
  if (event.type === 'BOOKMARK') continue;
  console.log(event.type, event.object.metadata?.name);
}
transport.close();
