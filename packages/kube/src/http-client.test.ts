import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Client } from './client.js';
import { connectionTo } from './connection.js';
import { isConflict, isGone, isNotFound } from './errors.js';
import { createClient } from './http-client.js';
import { metadataOf } from './resource.js';
import { ConfigMap, Deployment, Namespace } from './resources/builtin.js';
import { configMap, line, sendJson, sendStatus, startServer, type Answer, type TestServer } from './testing/server.js';
import { createTransport, type Transport } from './transport.js';

let server: TestServer;
let transport: Transport;

async function serve(answer: Answer): Promise<Client> {
  server = await startServer(answer);
  transport = createTransport({ connection: connectionTo({ server: server.url }) });
  return createClient(transport);
}

const last = () => server.asked.at(-1)!;

afterEach(async () => {
  transport.close();
  await server.stop();
});

describe('reading', () => {
  it('gets an object by its path', async () => {
    const client = await serve((_, response) => sendJson(response, configMap('a')));
    expect(await client.get(ConfigMap, { namespace: 'default', name: 'a' })).toEqual(configMap('a'));
    expect(last().url).toBe('/api/v1/namespaces/default/configmaps/a');
    await client.get(Deployment, { namespace: 'x', name: 'b' }, { subresource: 'status' });
    expect(last().url).toBe('/apis/apps/v1/namespaces/x/deployments/b/status');
    await client.get(Namespace, { name: 'x' });
    expect(last().url).toBe('/api/v1/namespaces/x');
  });

  it('brings the metadata alone where that is asked for, whatever the server sends', async () => {
    const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } };
    const client = await serve(({ query, path }, response) => {
      if (query.has('watch'))
        response.end(line('ADDED', partial) + line('ADDED', { ...configMap('b'), ...{ data: { a: 'b' } } }));
      else if (path.endsWith('/deployments'))
        sendJson(response, { metadata: {}, items: [partial, { metadata: { name: 'b' }, spec: {} }] });
      else sendJson(response, partial);
    });
    const form = metadataOf(Deployment);
    const object = (name: string) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: expect.objectContaining({ name }) as object,
    });
    expect((await client.list(form)).items).toEqual([object('a'), object('b')]);
    expect(await client.get(form, { namespace: 'x', name: 'a' })).toEqual(object('a'));
    const events = [];
    for await (const event of client.watch(form)) events.push(event);
    expect(events).toEqual(['a', 'b'].map((name) => ({ type: 'ADDED', object: object(name) })));
    expect(server.asked.map(({ headers }) => headers.accept)).toEqual(
      ['PartialObjectMetadataList', 'PartialObjectMetadata', 'PartialObjectMetadata'].map(
        (as) => `application/json;as=${as};g=meta.k8s.io;v=v1,application/json`,
      ),
    );
  });

  it('lets the server compress lists, and nothing else', async () => {
    const client = await serve(({ headers }, response) => {
      if (headers['accept-encoding'] !== 'gzip') return sendJson(response, configMap('a'));
      const list = { metadata: { resourceVersion: '7' }, items: [configMap('ä'), configMap('b')] };
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify(list)));
    });
    expect((await client.list(ConfigMap)).items).toEqual([configMap('ä'), configMap('b')]);
    expect(await client.get(ConfigMap, { namespace: 'default', name: 'a' })).toEqual(configMap('a'));
  });

  it('rejects with what the server says', async () => {
    const client = await serve((_, response) => sendStatus(response, 404, 'NotFound'));
    const error: unknown = await client.get(ConfigMap, { namespace: 'default', name: 'a' }).catch((e: unknown) => e);
    expect(isNotFound(error)).toBe(true);
    expect(error).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'it is NotFound',
      status: { kind: 'Status' },
    });
  });

  it('lists page after page', async () => {
    const client = await serve(({ query }, response) => {
      const page = query.get('continue') ?? '0';
      const next = { 0: '1', 1: '2' }[page];
      sendJson(response, {
        metadata: { resourceVersion: '7', ...(next && { continue: next }) },
        items: [{ metadata: { name: `p${page}` } }],
      });
    });
    const list = await client.listAll(ConfigMap, {
      namespace: 'default',
      labelSelector: 'a=b',
      limit: 1,
      resourceVersion: '5',
    });
    expect(list.items.map((item) => item.metadata?.name)).toEqual(['p0', 'p1', 'p2']);
    expect(list.metadata).toEqual({ resourceVersion: '7' });
    expect(server.asked.map(({ query }) => query.toString())).toEqual([
      'labelSelector=a%3Db&resourceVersion=5&limit=1',
      'labelSelector=a%3Db&limit=1&continue=1',
      'labelSelector=a%3Db&limit=1&continue=2',
    ]);
  });

  it('names the kind of every item, which servers leave out', async () => {
    const client = await serve((_, response) =>
      sendJson(response, { metadata: {}, items: [{ metadata: { name: 'a' } }] }),
    );
    const list = await client.list(Deployment);
    expect(list.items).toEqual([{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } }]);
    expect(last().url).toBe('/apis/apps/v1/deployments?limit=500');
  });

  it('takes the list afresh when the continue token has expired', async () => {
    const client = await serve(({ query }, response) => {
      if (query.has('continue')) sendStatus(response, 410, 'Expired');
      else if (query.has('limit'))
        sendJson(response, { metadata: { resourceVersion: '1', continue: 'x' }, items: [configMap('old')] });
      else sendJson(response, { metadata: { resourceVersion: '9' }, items: [configMap('new')] });
    });
    const list = await client.listAll(ConfigMap, { limit: 1 });
    expect(list.items.map((item) => item.metadata?.name)).toEqual(['new']);
    expect(list.metadata.resourceVersion).toBe('9');
  });

  it('does not hide that the resourceVersion of the first page has expired', async () => {
    const client = await serve((_, response) => sendStatus(response, 410, 'Expired'));
    expect(isGone(await client.listAll(ConfigMap, { resourceVersion: '1' }).catch((e: unknown) => e))).toBe(true);
  });
});

describe('writing', () => {
  const echo: Answer = ({ body }, response) => sendJson(response, body ? JSON.parse(body) : {});
  const object = { metadata: { name: 'a', namespace: 'default', managedFields: [{ manager: 'x' }] }, data: { k: 'v' } };

  it('creates and updates, strictly', async () => {
    const client = await serve(echo);
    const created = await client.create(ConfigMap, object, { fieldManager: 'me' });
    expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'v' } });
    expect(last()).toMatchObject({
      method: 'POST',
      url: '/api/v1/namespaces/default/configmaps?fieldManager=me&fieldValidation=Strict',
    });
    await client.update(ConfigMap, object, { dryRun: true, subresource: 'status', fieldValidation: 'Warn' });
    expect(last()).toMatchObject({
      method: 'PUT',
      url: '/api/v1/namespaces/default/configmaps/a/status?fieldValidation=Warn&dryRun=All',
    });
    await client.create(ConfigMap, object, { subresource: 'eviction' });
    expect(last().path).toBe('/api/v1/namespaces/default/configmaps/a/eviction');
  });

  it('applies as JSON under the media type of server-side apply, without managedFields', async () => {
    const client = await serve(echo);
    await client.apply(ConfigMap, object, { fieldManager: 'me', force: true });
    expect(last()).toMatchObject({
      method: 'PATCH',
      url: '/api/v1/namespaces/default/configmaps/a?fieldManager=me&fieldValidation=Strict&force=true',
      headers: { 'content-type': 'application/apply-patch+yaml' },
    });
    expect(JSON.parse(last().body)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'default' },
      data: { k: 'v' },
    });
    expect(object.metadata.managedFields).toHaveLength(1);
  });

  it('says of an apply what must be there', async () => {
    const client = await serve(echo);
    const options = { fieldManager: 'me' };
    await client.apply(ConfigMap, object, { ...options, only: 'Absent' });
    expect(JSON.parse(last().body)).toHaveProperty('metadata.resourceVersion', '1');
    await client.apply(ConfigMap, object, { ...options, only: { uid: 'u' } });
    expect(JSON.parse(last().body)).toHaveProperty('metadata.uid', 'u');
  });

  it.each([
    ['merge', 'application/merge-patch+json', { data: { k: null } }],
    ['strategic', 'application/strategic-merge-patch+json', { data: { k: null } }],
    ['json', 'application/json-patch+json', [{ op: 'remove', path: '/data/k' }]],
  ] as const)('patches by %s', async (type, contentType, body) => {
    const client = await serve(echo);
    await client.patch(ConfigMap, { namespace: 'default', name: 'a' }, { type, body } as never);
    expect(last().headers['content-type']).toBe(contentType);
    expect(JSON.parse(last().body)).toEqual(body);
  });

  it('deletes what it means', async () => {
    const client = await serve(echo);
    await client.delete(
      ConfigMap,
      { namespace: 'default', name: 'a' },
      { preconditions: { uid: 'u' }, propagationPolicy: 'Background' },
    );
    expect(last()).toMatchObject({ method: 'DELETE', path: '/api/v1/namespaces/default/configmaps/a' });
    expect(JSON.parse(last().body)).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'u' },
      propagationPolicy: 'Background',
    });
  });

  it('never addresses a collection by an empty name, nor all namespaces by a missing one', async () => {
    const client = await serve(echo);
    await expect(client.delete(ConfigMap, { namespace: 'default', name: '' })).rejects.toThrow(
      'configmaps: an object without a name',
    );
    await expect(client.delete(ConfigMap, { name: 'a' })).rejects.toThrow('configmaps: an object without a namespace');
    await expect(client.create(Deployment, { metadata: { name: 'a' } })).rejects.toThrow(
      'deployments.apps: an object without a namespace',
    );
    expect(server.asked).toHaveLength(0);
  });

  it('tells a conflict from other errors', async () => {
    const client = await serve((_, response) => sendStatus(response, 409, 'Conflict'));
    expect(isConflict(await client.update(ConfigMap, object).catch((e: unknown) => e))).toBe(true);
  });
});

it('makes raw calls', async () => {
  const client = await serve(({ path, body }, response) => response.end(`${path} ${body}`));
  expect(await client.raw('GET', '/healthz')).toBe('/healthz ');
  expect(await client.raw('POST', '/x', { body: 'b', contentType: 'text/plain' })).toBe('/x b');
  expect(last().headers['content-type']).toBe('text/plain');
});
