// The example on a cluster of its own: an API server, the workload controllers and a node that only pretends.
import { createManager, type ControllerModule, type Logger } from '@stackwright/core';
import { startDevcluster, type Devcluster } from '@stackwright/devcluster';
import { ConfigMap, crdOf, CustomResourceDefinition, Deployment, Service, type Client } from '@stackwright/kube';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { plainWebsite } from './plain.js';
import { Website, website } from './website.js';

const nothing = () => undefined;
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => log };
const key = { namespace: 'default', name: 'hello' };

describe.each<[string, ControllerModule]>([
  ['as a step graph', website],
  ['at the plain level', plainWebsite],
])('a Website, %s', (_how, module) => {
  let cluster: Devcluster;
  let client: Client;

  beforeEach(async () => {
    cluster = await startDevcluster();
    ({ client } = cluster);
    await client.create(CustomResourceDefinition, crdOf(Website));
    const manager = createManager({ name: module.name, client, log });
    module.setup(manager);
    const stop = new AbortController();
    const run = manager.run(stop.signal);
    return async () => {
      stop.abort(new Error('The test is over'));
      await run;
      await cluster.stop();
    };
  });

  const ready = () =>
    vi.waitFor(
      async () => {
        const { status, metadata } = await client.get(Website, key);
        const condition = status?.conditions?.find(({ type }) => type === 'Ready');
        expect(condition).toMatchObject({ status: 'True' });
        if (condition?.observedGeneration) expect(condition.observedGeneration).toBe(metadata?.generation);
        return status;
      },
      { timeout: 15_000 },
    );

  it('is served, follows its page, and is set right when somebody changes it', async () => {
    await client.create(Website, { metadata: key, spec: { page: '<h1>Hello</h1>', replicas: 1 } });
    expect((await ready())?.url).toBe('http://hello.default.svc');
    expect((await client.get(Service, key)).spec?.ports?.[0]?.port).toBe(80);
    const before = await client.get(Deployment, key);

    await client.patch(Website, key, { type: 'merge', body: { spec: { page: '<h1>Bye</h1>' } } });
    await vi.waitFor(async () => {
      expect((await client.get(ConfigMap, key)).data).toEqual({ 'index.html': '<h1>Bye</h1>' });
      expect((await client.get(Deployment, key)).metadata?.generation).toBeGreaterThan(
        before.metadata?.generation ?? 0,
      );
    });

    await client.delete(Service, key);
    await client.patch(ConfigMap, key, { type: 'merge', body: { data: { 'index.html': 'defaced' } } });
    await vi.waitFor(async () => {
      expect((await client.get(ConfigMap, key)).data).toEqual({ 'index.html': '<h1>Bye</h1>' });
      await client.get(Service, key);
    });
    await ready();
  });
});
