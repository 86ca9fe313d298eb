import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  configMap,
  CONFIGMAPS,
  CRDS,
  pod,
  PODS,
  SECRETS,
  status,
  TestServer,
  widget,
  widgetDefinition,
  WIDGETS,
  type Answer,
} from '../testing/http.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start({ historyLimit: 20 });
  await api.create(CRDS, widgetDefinition());
});
afterAll(() => api.stop());

const names = (answer: Answer): string[] =>
  (answer.body.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);

async function namespaceWith(namespace: string, ...objects: string[]): Promise<string> {
  await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  for (const name of objects) await api.create(path, configMap(name));
  return path;
}

describe('a list', () => {
  it('is in order, and typed items do not repeat their type', async () => {
    const path = await namespaceWith('ordered', 'c', 'a', 'b');
    const answer = await api.get(path);
    expect(answer.body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
    expect(names(answer)).toEqual(['a', 'b', 'c']);
    expect(answer.body.items[0].kind).toBeUndefined();
  });

  it('of custom resources says what each one is', async () => {
    await api.create(WIDGETS, widget('typed'));
    expect((await api.get(WIDGETS)).body.items[0]).toMatchObject({ kind: 'Widget', apiVersion: 'example.com/v1' });
  });

  it('spans namespaces', async () => {
    await namespaceWith('span-a', 'only-in-span-a');
    expect(names(await api.get('/api/v1/configmaps'))).toContain('only-in-span-a');
  });
});

describe('pages', () => {
  it('show one revision from the first to the last', async () => {
    const path = await namespaceWith('paged', 'a', 'b', 'c', 'd', 'e');
    const first = await api.get(`${path}?limit=2`);
    expect(names(first)).toEqual(['a', 'b']);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    await api.delete(`${path}/d`);
    await api.create(path, configMap('cc'));
    await api.merge(`${path}/e`, { data: { late: 'yes' } });
    const second = await api.get(`${path}?limit=2&continue=${first.body.metadata.continue}`);
    expect(names(second)).toEqual(['c', 'd']);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const third = await api.get(`${path}?limit=2&continue=${second.body.metadata.continue}`);
    expect(names(third)).toEqual(['e']);
    expect(third.body.items[0].data).toBeUndefined();
    expect(third.body.metadata.continue).toBeUndefined();
  });

  it('that took too long are told 410, with a token to go on inconsistently', async () => {
    const path = await namespaceWith('slow', 'a', 'b', 'c');
    const first = await api.get(`${path}?limit=1`);
    for (let round = 0; round < 60; round += 1) await api.merge(`${path}/a`, { data: { round: String(round) } });
    const late = await api.get(`${path}?limit=1&continue=${first.body.metadata.continue}`);
    expect(late.code).toBe(410);
    expect(status(late).reason).toBe('Expired');
    const rest = await api.get(`${path}?continue=${status(late).metadata?.continue ?? ''}`);
    expect(names(rest)).toEqual(['b', 'c']);
  });

  it('of a broken token are refused', async () => {
    expect((await api.get(`${CONFIGMAPS}?continue=nonsense`)).code).toBe(400);
  });
});

describe('resourceVersion', () => {
  it('with Exact shows the past', async () => {
    const path = await namespaceWith('past', 'a');
    const then = (await api.get(path)).body.metadata.resourceVersion;
    await api.create(path, configMap('b'));
    expect(names(await api.get(`${path}?resourceVersion=${then}&resourceVersionMatch=Exact`))).toEqual(['a']);
    expect(names(await api.get(`${path}?resourceVersion=${then}&resourceVersionMatch=NotOlderThan`))).toEqual([
      'a',
      'b',
    ]);
    expect(names(await api.get(`${path}?resourceVersion=0`))).toEqual(['a', 'b']);
  });

  it('of a past that is forgotten is answered 410', async () => {
    const path = await namespaceWith('forgotten', 'a');
    const then = (await api.get(path)).body.metadata.resourceVersion;
    for (let round = 0; round < 60; round += 1) await api.merge(`${path}/a`, { data: { round: String(round) } });
    expect((await api.get(`${path}?resourceVersion=${then}&resourceVersionMatch=Exact`)).code).toBe(410);
  });

  it('of the future is told to come back', async () => {
    const answer = await api.get(`${CONFIGMAPS}?resourceVersion=99999999`);
    expect(answer.code).toBe(504);
    expect(status(answer).message).toContain('Too large resource version');
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('that is not a number is refused', async () => {
    expect((await api.get(`${CONFIGMAPS}?resourceVersion=abc`)).code).toBe(400);
  });
});

describe('selectors', () => {
  beforeAll(async () => {
    const labels: Record<string, object> = {
      s1: { app: 'a', tier: 'web' },
      s2: { app: 'b' },
      s3: { app: 'c', tier: 'db' },
      s4: {},
    };
    for (const [name, own] of Object.entries(labels)) {
      await api.create(SECRETS, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, labels: own },
        type: name === 's1' ? 'example.com/odd' : 'Opaque',
      });
    }
    await api.create(PODS, pod('on-n1', { nodeName: 'n1' }));
    await api.create(PODS, pod('on-n2', { nodeName: 'n2' }));
  });

  it.each([
    ['app=a', ['s1']],
    ['app==a', ['s1']],
    ['app!=a', ['s2', 's3', 's4']],
    ['app in (a, b)', ['s1', 's2']],
    ['app notin (a,b)', ['s3', 's4']],
    ['tier', ['s1', 's3']],
    ['!tier', ['s2', 's4']],
    ['tier,app!=a', ['s3']],
    ['app in (a,c),tier=db', ['s3']],
  ])('by labels: %s', async (selector, expected) => {
    expect(names(await api.get(`${SECRETS}?labelSelector=${encodeURIComponent(selector)}`))).toEqual(expected);
  });

  it.each([
    [SECRETS, 'metadata.name=s2', ['s2']],
    [SECRETS, 'type=example.com/odd', ['s1']],
    [SECRETS, 'type!=example.com/odd,metadata.namespace=default', ['s2', 's3', 's4']],
    [PODS, 'spec.nodeName=n1', ['on-n1']],
    [PODS, 'status.phase=Running', []],
    ['/api/v1/pods', 'spec.nodeName!=n1', ['on-n2']],
  ])('by fields: %s %s', async (path, selector, expected) => {
    expect(names(await api.get(`${path}?fieldSelector=${encodeURIComponent(selector)}`))).toEqual(expected);
  });

  it.each(['app in (a', 'a b', '=x'])('that cannot be read are refused: %s', async (selector) => {
    expect((await api.get(`${SECRETS}?labelSelector=${encodeURIComponent(selector)}`)).code).toBe(400);
  });

  it('by a field that cannot be selected by are refused', async () => {
    const answer = await api.get(`${SECRETS}?fieldSelector=data.x%3D1`);
    expect(answer.code).toBe(400);
    expect(status(answer).message).toContain('field label not supported: data.x');
  });
});
