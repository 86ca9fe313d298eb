import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { forget } from '../support/history.js';
import { pod, secret } from '../support/objects.js';
import { target } from '../support/target.js';

const api = bench('watches', { widgets: true });
const { NAMESPACES, PODS, SECRETS, WIDGETS } = api.paths;

let count = 0;
/** A namespace of its own; the path of its Secrets, of which nobody else makes any. */
async function fresh(): Promise<string> {
  const namespace = api.clusterWide(String((count += 1)));
  await api.makeNamespace(namespace);
  return `${NAMESPACES}/${namespace}/secrets`;
}

const revisionOf = async (path: string): Promise<string> => (await api.get(path)).body.metadata.resourceVersion;
const step = (number: number): object => ({ metadata: { annotations: { step: String(number) } } });
const color = (name: string): object => ({ metadata: { labels: { color: name } } });

describe('a watch', () => {
  it('from a revision tells what came after it, past and future', async () => {
    const path = await fresh();
    await api.create(path, secret('before'));
    const from = await revisionOf(path);
    await api.create(path, secret('a'));
    const watch = await api.watch(`${path}?resourceVersion=${from}`);
    await api.merge(`${path}/a`, step(1));
    await api.delete(`${path}/a`);
    await api.create(SECRETS, secret('elsewhere'));
    await api.create(path, secret('b'));
    expect(await watch.take(4)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
  });

  it('from a revision of the future is silent', async () => {
    const path = await fresh();
    const future = Number(await revisionOf(path)) + 1_000_000_000;
    const watch = await api.watch(`${path}?resourceVersion=${future}&timeoutSeconds=1`);
    expect(watch.code).toBe(200);
    await api.create(path, secret('a'));
    expect(await watch.rest()).toEqual([]);
  });

  it('without a revision begins with the state', async () => {
    const path = await fresh();
    await api.create(path, secret('a'));
    await api.create(path, secret('b'));
    const watch = await api.watch(path);
    expect((await watch.take(2)).sort()).toEqual(['ADDED a', 'ADDED b']);
    await api.create(path, secret('c'));
    expect(await watch.take(1)).toEqual(['ADDED c']);
  });

  it('tells every change once, in order', async () => {
    const path = await fresh();
    const { metadata } = await api.create(path, secret('a'));
    const watch = await api.watch(`${path}?resourceVersion=${metadata.resourceVersion}`);
    for (let number = 1; number <= 20; number += 1) await api.merge(`${path}/a`, step(number));
    const seen = [];
    for (let number = 1; number <= 20; number += 1)
      seen.push((await watch.next())?.object.metadata.annotations['step']);
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 1)));
  });

  it('tells the last state of what was deleted, at the revision of the deletion', async () => {
    const path = await fresh();
    const { metadata } = await api.create(path, secret('a', { labels: { last: 'words' } }));
    const watch = await api.watch(`${path}?resourceVersion=${metadata.resourceVersion}`);
    await api.delete(`${path}/a`);
    const event = await watch.next();
    expect(event).toMatchObject({
      type: 'DELETED',
      object: { kind: 'Secret', metadata: { labels: { last: 'words' } } },
    });
    expect(BigInt(event?.object.metadata.resourceVersion ?? 0)).toBeGreaterThan(BigInt(metadata.resourceVersion));
  });

  it('is ended by the server after timeoutSeconds', async () => {
    const path = await fresh();
    const watch = await api.watch(`${path}?resourceVersion=${await revisionOf(path)}&timeoutSeconds=1`);
    expect(await watch.rest()).toEqual([]);
  });

  it('of custom resources tells them as the version that was asked for', async () => {
    const watch = await api.watch(`${WIDGETS}?resourceVersion=${await revisionOf(WIDGETS)}`);
    await api.create(WIDGETS, api.widget('seen'));
    expect(await watch.next()).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Widget', apiVersion: `${api.group}/v1`, spec: { size: 1, replicas: 1 } },
    });
  });

  it('can be read as metadata and as a table', async () => {
    const path = await fresh();
    const from = await revisionOf(path);
    const as = (kind: string) => ({ accept: `application/json;as=${kind};v=v1;g=meta.k8s.io` });
    const metadata = await api.watch(`${path}?resourceVersion=${from}`, as('PartialObjectMetadata'));
    const table = await api.watch(`${path}?resourceVersion=${from}`, as('Table'));
    await api.create(path, secret('a', {}, { stringData: { hidden: 'x' } }));
    const event = await metadata.next();
    expect(event?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    expect(event?.object.data).toBeUndefined();
    expect((await table.next())?.object.rows[0].cells.slice(0, 3)).toEqual(['a', 'Opaque', 1]);
  });
});

it('a revision that is forgotten is told 410, to watches and to lists', async (test) => {
  const long = await forget(api, test);
  const watch = await api.watch(`${WIDGETS}?resourceVersion=${long}`);
  expect(watch.code).toBe(200);
  expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
  expect(await watch.next()).toBeUndefined();
  const list = await api.get(`${WIDGETS}?resourceVersion=${long}&resourceVersionMatch=Exact`);
  expect(list.body).toMatchObject({ kind: 'Status', code: 410, reason: 'Expired' });
});

describe('bookmarks', () => {
  it('come before the server ends a watch', async () => {
    const path = await fresh();
    const from = await revisionOf(path);
    // Real servers send them once a minute, and two seconds before the end.
    const watch = await api.watch(`${path}?resourceVersion=${from}&timeoutSeconds=5&allowWatchBookmarks=true`);
    const { metadata } = await api.create(SECRETS, secret('passing-by'));
    const event = await watch.find(({ type }) => type === 'BOOKMARK');
    expect(event).toMatchObject({ type: 'BOOKMARK', object: { kind: 'Secret', apiVersion: 'v1' } });
    expect(event?.object.metadata.name ?? '').toBe('');
    expect(BigInt(event?.object.metadata.resourceVersion ?? 0)).toBeGreaterThanOrEqual(
      BigInt(metadata.resourceVersion),
    );
  });

  it('come to nobody who did not ask', async () => {
    const path = await fresh();
    const watch = await api.watch(`${path}?resourceVersion=${await revisionOf(path)}&timeoutSeconds=3`);
    expect(await watch.rest()).toEqual([]);
  });
});

describe('sendInitialEvents', () => {
  const LIST = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

  it('sends the state, then an annotated bookmark, then what happens', async ({ skip }) => {
    const path = await fresh();
    await api.create(path, secret('a'));
    const { metadata } = await api.create(path, secret('b'));
    const watch = await api.watch(`${path}?${LIST}&resourceVersion=${metadata.resourceVersion}`);
    if (watch.code === 422 && target.minor < 32) skip('watch lists are an alpha feature of this version, and off');
    expect((await watch.take(2)).sort()).toEqual(['ADDED a', 'ADDED b']);
    const bookmark = await watch.find(({ type }) => type === 'BOOKMARK');
    expect(bookmark?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(BigInt(bookmark?.object.metadata.resourceVersion ?? 0)).toBeGreaterThanOrEqual(
      BigInt(metadata.resourceVersion),
    );
    await api.create(path, secret('c'));
    expect(await watch.take(1)).toEqual(['ADDED c']);
  });

  it('needs resourceVersionMatch=NotOlderThan', async () => {
    const answer = await api.get(`${SECRETS}?watch=true&sendInitialEvents=true`);
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain('sendInitialEvents');
  });
});

describe('a selector', () => {
  it('turns leaving the selection into DELETED and entering it into ADDED', async () => {
    const path = await fresh();
    const watch = await api.watch(`${path}?labelSelector=color%3Dred&resourceVersion=${await revisionOf(path)}`);
    await api.create(path, secret('a', { labels: { color: 'blue' } }));
    await api.merge(`${path}/a`, color('red'));
    await api.merge(`${path}/a`, step(3));
    const left = await api.merge(`${path}/a`, color('blue'));
    await api.delete(`${path}/a`);
    await api.create(path, secret('b', { labels: { color: 'red' } }));
    expect(await watch.take(2)).toEqual(['ADDED a', 'MODIFIED a']);
    // The object as it was when it still matched, at the revision of the write that took it out.
    const gone = await watch.next();
    expect(gone).toMatchObject({
      type: 'DELETED',
      object: { metadata: { name: 'a', labels: { color: 'red' }, annotations: { step: '3' } } },
    });
    expect(gone?.object.metadata.resourceVersion).toBe(left.body.metadata.resourceVersion);
    expect(await watch.take(1)).toEqual(['ADDED b']);
  });

  it('on fields works the same', async () => {
    const node = `${target.run}-node`;
    const watch = await api.watch(
      `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}&resourceVersion=${await revisionOf(PODS)}`,
    );
    await api.create(PODS, pod('floating'));
    await api.create(PODS, pod('elsewhere', { nodeName: `${node}-other` }));
    const bound = await api.post(`${PODS}/floating/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'floating' },
      target: { kind: 'Node', name: node },
    });
    expect(bound.code).toBe(201);
    expect(await watch.take(1)).toEqual(['ADDED floating']);
  });

  it('by name watches one object', async () => {
    const path = await fresh();
    const watch = await api.watch(`${path}?fieldSelector=metadata.name%3Db`);
    await api.create(path, secret('a'));
    await api.create(path, secret('b'));
    expect(await watch.take(1)).toEqual(['ADDED b']);
  });
});
