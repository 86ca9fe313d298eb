import {
  ApiError,
  ConfigMap,
  CustomResourceDefinition,
  defineResource,
  isConflict,
  isConnectionFailed,
  isGone,
  isInvalid,
  isNotFound,
  type KubeObject,
} from '@stackwright/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionLost } from './intercept.js';
import { startApiServer, type ApiServer } from './server.js';
import { widget, widgetDefinition } from './testing/objects.js';

const Widget = defineResource<KubeObject & { spec?: { size?: number }; status?: object }>({
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
});

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
  await server.client().create(CustomResourceDefinition, widgetDefinition() as CustomResourceDefinition);
});
afterAll(() => server.stop());

describe('the client inside of the process', () => {
  const named = (name: string, data: Record<string, string> = {}): ConfigMap => ({
    metadata: { name, namespace: 'default' },
    data,
  });
  const key = (name: string) => ({ namespace: 'default', name });

  it('creates, reads, updates, patches, applies and deletes', async () => {
    const client = server.client();
    const created = await client.create(ConfigMap, named('crud', { a: '1' }));
    expect(created).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    await client.update(ConfigMap, { ...created, data: { a: '2' } });
    await client.patch(ConfigMap, key('crud'), { type: 'merge', body: { data: { b: '1' } } });
    const applied = await client.apply(ConfigMap, named('crud', { c: '1' }), { fieldManager: 'me' });
    expect(applied.data).toEqual({ a: '2', b: '1', c: '1' });
    await client.delete(ConfigMap, key('crud'));
    await expect(client.get(ConfigMap, key('crud'))).rejects.toSatisfy(isNotFound);
  });

  it('hands out copies', async () => {
    const client = server.client();
    const created = await client.create(ConfigMap, named('copies', { a: '1' }));
    created.data = { a: 'changed' };
    expect((await client.get(ConfigMap, key('copies'))).data).toEqual({ a: '1' });
    const [item] = (await client.list(ConfigMap, { namespace: 'default', fieldSelector: 'metadata.name=copies' }))
      .items;
    if (item?.data) item.data['a'] = 'changed';
    expect((await client.get(ConfigMap, key('copies'))).data).toEqual({ a: '1' });
  });

  it('writes the status apart', async () => {
    const client = server.client();
    await client.create(Widget, widget('w', {}, { namespace: 'default' }));
    const answer = await client.patch(
      Widget,
      key('w'),
      { type: 'merge', body: { status: { replicas: 2 }, spec: { size: 5 } } },
      { subresource: 'status' },
    );
    expect(answer).toMatchObject({ spec: { size: 1 }, status: { replicas: 2 } });
  });

  it('is strict about unknown fields unless told otherwise', async () => {
    const client = server.client();
    const odd = { ...named('odd'), oddity: 1 } as ConfigMap;
    await expect(client.create(ConfigMap, odd)).rejects.toThrow('unknown field "oddity"');
    await expect(client.create(ConfigMap, odd, { fieldValidation: 'Ignore' })).resolves.toBeDefined();
  });

  it('rejects with the same errors as HTTP', async () => {
    const client = server.client();
    const created = await client.create(ConfigMap, named('errors'));
    await client.patch(ConfigMap, key('errors'), { type: 'merge', body: { data: { a: '1' } } });
    await expect(client.update(ConfigMap, { ...created, data: { b: '1' } })).rejects.toSatisfy(isConflict);
    await expect(client.create(ConfigMap, named('Wrong'))).rejects.toSatisfy(isInvalid);
    const nowhere = defineResource({ group: 'nowhere', version: 'v1', kind: 'X', plural: 'xs', namespaced: true });
    await expect(client.list(nowhere)).rejects.toMatchObject({ code: 404 });
  });

  it('watches, and ends with its signal', async () => {
    const client = server.client();
    const abort = new AbortController();
    const { metadata } = await client.list(ConfigMap);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const event of client.watch(ConfigMap, {
        resourceVersion: metadata.resourceVersion ?? '',
        signal: abort.signal,
      })) {
        if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${event.object.metadata?.name ?? ''}`);
        if (seen.length === 2) abort.abort(new Error('enough'));
      }
    })();
    await client.create(ConfigMap, named('watched'));
    await client.delete(ConfigMap, key('watched'));
    await expect(watching).rejects.toThrow('enough');
    expect(seen).toEqual(['ADDED watched', 'DELETED watched']);
  });

  it('throws the 410 of a watch', async () => {
    const { store } = server.context;
    store.history('/configmaps').compact(store.revision);
    const watching = (async () => {
      for await (const _ of server.client().watch(ConfigMap, { resourceVersion: '1' }));
    })();
    await expect(watching).rejects.toSatisfy(isGone);
  });

  it('reads by path', async () => {
    const client = server.client();
    expect(await client.raw('GET', '/readyz')).toBe('ok');
    expect(JSON.parse(await client.raw('GET', '/version'))).toMatchObject({ major: '1' });
    await expect(client.raw('GET', '/api/v1/namespaces/default/configmaps/none')).rejects.toSatisfy(isNotFound);
  });
});

describe('interceptors', () => {
  it('can lose the request, or only its answer', async () => {
    const client = server.client();
    let phase: 'before' | 'after' | undefined = 'before';
    server.interceptors.push({
      before: () => {
        if (phase === 'before') throw new ConnectionLost();
      },
      after: () => {
        if (phase === 'after') throw new ConnectionLost();
        return undefined;
      },
    });
    const object: ConfigMap = { metadata: { name: 'lost', namespace: 'default' } };
    await expect(client.create(ConfigMap, object)).rejects.toSatisfy(isConnectionFailed);
    phase = 'after';
    await expect(client.create(ConfigMap, object)).rejects.toSatisfy(isConnectionFailed);
    phase = undefined;
    // The second one has happened, though nobody was told.
    await expect(client.create(ConfigMap, object)).rejects.toBeInstanceOf(ApiError);
    expect(await client.get(ConfigMap, { namespace: 'default', name: 'lost' })).toBeDefined();
  });
});
