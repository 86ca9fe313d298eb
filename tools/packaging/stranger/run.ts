// The example of docs, from the packed packages: a cluster, the controller, a Website that becomes ready.
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, createManager, type ControllerModule } from '@stackwright/core';
import { startDevcluster } from '@stackwright/devcluster';
import { crdOf, CustomResourceDefinition } from '@stackwright/kube';
import { plainWebsite } from './src/plain.js';
import { Website, website } from './src/website.js';

const key = { namespace: 'default', name: 'hello' };

async function urlOf(module: ControllerModule): Promise<string | undefined> {
  const cluster = await startDevcluster();
  const { client } = cluster;
  await client.create(CustomResourceDefinition, crdOf(Website));
  const manager = createManager({ name: module.name, client, log: createLogger({ level: 'error' }) });
  module.setup(manager);
  const stop = new AbortController();
  const run = manager.run(stop.signal);
  try {
    await client.create(Website, { metadata: key, spec: { page: '<h1>Hello</h1>', replicas: 1 } });
    for (;;) {
      const { status } = await client.get(Website, key);
      if (status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'))
        return status.url;
      await sleep(50);
    }
  } finally {
    stop.abort(new Error('That was all'));
    await run;
    await cluster.stop();
  }
}

console.log(`graph: ${await urlOf(website)}`);
console.log(`plain: ${await urlOf(plainWebsite)}`);
