import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  configMap,
  CONFIGMAPS,
  CRDS,
  pod,
  SECRETS,
  status,
  TestServer,
  widget,
  widgetDefinition,
  WIDGETS,
} from '../testing/http.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start({ historyLimit: 20 });
  await api.create(CRDS, widgetDefinition());
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
  it('from a revision tells what came after it, past and future', async () => {
    const path = await fresh();
    await api.create(path, configMap('before'));
    const from = await revisionOf(path);
    await api.create(path, configMap('a'));
    const watch = await api.watch(`${path}?resourceVersion=${from}`);
    await api.merge(`${path}/a`, { data: { x: '1' } });
    await api.delete(`${path}/a`);
    await api.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { generateName: 'noise-' } });
    await api.create(path, configMap('b'));
    expect(await watch.take(4)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
  });

  it('without a revision begins with the state', async () => {
    const path = await fresh();
    await api.create(path, configMap('a'));
    await api.create(path, configMap('b'));
    const watch = await api.watch(path);
    await api.create(path, configMap('c'));
    expect(await watch.take(3)).toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
  });

  it('tells the last state of what was deleted, at the revision of the deletion', async () => {
    const path = await fresh();
    const created = await api.create(path, configMap('a', { last: 'words' }));
    const watch = await api.watch(`${path}?resourceVersion=${created.metadata.resourceVersion}`);
    await api.delete(`${path}/a`);
    const event = await watch.next();
    expect(event).toMatchObject({ type: 'DELETED', object: { kind: 'ConfigMap', data: { last: 'words' } } });
    expect(Number(event?.object.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
  });

  it('is ended by the server after timeoutSeconds, with a last bookmark', async () => {
    const path = await fresh();
    const watch = await api.watch(
      `${path}?resourceVersion=${await revisionOf(path)}&timeoutSeconds=1&allowWatchBookmarks=true`,
    );
    expect(await watch.rest()).toEqual(['BOOKMARK']);
  });

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

  it('of the future is refused', async () => {
    const answer = await api.get(`${CONFIGMAPS}?watch=true&resourceVersion=99999999`);
    expect(answer.code).toBe(504);
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

describe('bookmarks', () => {
  it('come at intervals, at the current revision', async () => {
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

  it('come to nobody who did not ask', async () => {
    const quick = await TestServer.start({ bookmarkInterval: 5 });
    const watch = await quick.watch(`${CONFIGMAPS}?timeoutSeconds=1`);
    expect(await watch.rest()).toEqual([]);
    await quick.stop();
  });
});

describe('sendInitialEvents', () => {
  const LIST = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

  it('sends the state, then an annotated bookmark, then what happens', async () => {
    const path = await fresh();
    await api.create(path, configMap('a'));
    await api.create(path, configMap('b'));
    const current = await revisionOf(path);
    const watch = await api.watch(`${path}?${LIST}&resourceVersion=${current}`);
    expect(await watch.take(2)).toEqual(['ADDED a', 'ADDED b']);
    expect(await watch.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { metadata: { resourceVersion: current, annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    await api.create(path, configMap('c'));
    expect(await watch.take(1)).toEqual(['ADDED c']);
  });

  it('needs resourceVersionMatch=NotOlderThan', async () => {
    const answer = await api.get(`${CONFIGMAPS}?watch=true&sendInitialEvents=true`);
    expect(answer.code).toBe(422);
    expect(status(answer).message).toContain(
      'sendInitialEvents is forbidden unless resourceVersionMatch is set to NotOlderThan',
    );
  });
});

describe('selectors', () => {
  it('turn leaving the selection into DELETED and entering it into ADDED', async () => {
    const path = await fresh();
    const watch = await api.watch(
      `${path}?labelSelector=${encodeURIComponent('color=red')}&resourceVersion=${await revisionOf(path)}`,
    );
    await api.create(path, configMap('a', { step: '1' }, { labels: { color: 'blue' } }));
    await api.merge(`${path}/a`, { metadata: { labels: { color: 'red' } }, data: { step: '2' } });
    await api.merge(`${path}/a`, { data: { step: '3' } });
    const left = await api.merge(`${path}/a`, { metadata: { labels: { color: 'blue' } }, data: { step: '4' } });
    await api.delete(`${path}/a`);
    await api.create(path, configMap('b', {}, { labels: { color: 'red' } }));
    expect(await watch.take(2)).toEqual(['ADDED a', 'MODIFIED a']);
    const gone = await watch.next();
    expect(gone).toMatchObject({
      type: 'DELETED',
      object: { metadata: { name: 'a', labels: { color: 'red' } }, data: { step: '3' } },
    });
    expect(gone?.object.metadata.resourceVersion).toBe(left.body.metadata.resourceVersion);
    expect(await watch.take(1)).toEqual(['ADDED b']);
  });

  it('on fields work the same', async () => {
    const watch = await api.watch(
      '/api/v1/pods?fieldSelector=spec.nodeName%3Dn7&resourceVersion=' + (await revisionOf('/api/v1/pods')),
    );
    const pods = '/api/v1/namespaces/default/pods';
    await api.create(pods, pod('floating'));
    await api.create(pods, pod('elsewhere', { nodeName: 'n8' }));
    expect((await api.post(`${pods}/floating/binding`, { target: { kind: 'Node', name: 'n7' } })).code).toBe(201);
    expect(await watch.take(1)).toEqual(['ADDED floating']);
  });

  it('by name watch one object', async () => {
    const path = await fresh();
    const watch = await api.watch(`${path}?fieldSelector=metadata.name%3Db`);
    await api.create(path, configMap('a'));
    await api.create(path, configMap('b'));
    expect(await watch.take(1)).toEqual(['ADDED b']);
  });
});

it('a watch of custom resources follows them through versions', async () => {
  const watch = await api.watch(WIDGETS);
  await api.create(WIDGETS, widget('seen'));
  expect(await watch.next()).toMatchObject({
    type: 'ADDED',
    object: { kind: 'Widget', spec: { size: 1, replicas: 1 } },
  });
});

it('watches can be read as metadata and as tables', async () => {
  const path = await fresh();
  const metadata = await api.watch(path, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' });
  const table = await api.watch(path, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  await api.create(path, configMap('a', { secret: 'x' }));
  const event = await metadata.next();
  expect(event?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
  expect(event?.object.data).toBeUndefined();
  expect((await table.next())?.object).toMatchObject({ kind: 'Table', rows: [{ cells: ['a', 1, '0s'] }] });
});
