// What needs a short memory, short intervals, or the server's end. All else about watches is in `packages/conformance`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from '../testing/http.js';
import { configMap, CONFIGMAPS, SECRETS } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start({ historyLimit: 20 });
});
afterAll(() => api.stop());

let count = 0;
/** A namespace of its own, and the path of its ConfigMaps. */
async function fresh(): Promise<string> {
  const name = `watch-${(count += 1)}`;
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return `/api/v1/namespaces/${name}/configmaps`;
}

const revisionOf = async (path: string): Promise<string> => (await api.get(path)).body.metadata.resourceVersion;

describe('a watch', () => {
  it('of a revision that is forgotten is told 410', async () => {
    const path = await fresh();
    await api.create(path, configMap('a'));
    const from = await revisionOf(path);
    for (let round = 0; round < 60; round += 1) await api.merge(`${path}/a`, { data: { round: String(round) } });
    const watch = await api.watch(`${path}?resourceVersion=${from}`);
    expect(watch.code).toBe(200);
    expect(await watch.next()).toMatchObject({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired' },
    });
    expect(await watch.next()).toBeUndefined();
  });

  it('ends when the server stops', async () => {
    const other = await TestServer.start();
    const watch = await other.watch(CONFIGMAPS);
    const ended = watch.rest();
    await other.server.stop();
    expect(await ended).toEqual([]);
  });

  it('that expires on its way is told 410', async () => {
    const path = await fresh();
    const watch = await api.watch(`${path}?resourceVersion=${await revisionOf(path)}`);
    await api.create(path, configMap('a'));
    expect(await watch.take(1)).toEqual(['ADDED a']);
    // What a compaction does to somebody who has fallen behind.
    const { store } = api.server.context;
    store.history('/configmaps').compact(store.revision + 1);
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  });
});

it('bookmarks come at intervals, at the current revision', async () => {
  const quick = await TestServer.start({ bookmarkInterval: 5 });
  const watch = await quick.watch(
    `${CONFIGMAPS}?resourceVersion=${(await quick.get(CONFIGMAPS)).body.metadata.resourceVersion}&allowWatchBookmarks=true`,
  );
  const secret = await quick.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'elsewhere' } });
  let event = await watch.next();
  while (event?.object.metadata.resourceVersion !== secret.metadata.resourceVersion) event = await watch.next();
  expect(event).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1' } });
  expect(event?.object.metadata.name).toBeUndefined();
  await quick.stop();
});
