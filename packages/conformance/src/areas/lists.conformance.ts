import { describe, expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { secret } from '../support/objects.js';

const api = bench('lists', { widgets: true });
const { WIDGETS, NAMESPACES } = api.paths;

const names = ({ body }: Answer): string[] => body.items.map(({ metadata }) => metadata.name);

/** A namespace of its own; the path of its Secrets, of which nobody else makes any. */
async function namespaceWith(name: string, ...objects: string[]): Promise<string> {
  const namespace = api.clusterWide(name);
  await api.makeNamespace(namespace);
  const path = `${NAMESPACES}/${namespace}/secrets`;
  for (const object of objects) await api.create(path, secret(object));
  return path;
}

describe('a list', () => {
  it('is in order, and typed items do not repeat their type', async () => {
    const answer = await api.get(await namespaceWith('ordered', 'c', 'a', 'b'));
    expect(answer.body).toMatchObject({ kind: 'SecretList', apiVersion: 'v1' });
    expect(names(answer)).toEqual(['a', 'b', 'c']);
    expect(answer.body.items[0].kind).toBeUndefined();
  });

  it('of nothing has no items, and a revision all the same', async () => {
    const { body } = await api.get(await namespaceWith('empty'));
    expect(body.items).toEqual([]);
    expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
  });

  it('of custom resources says what each one is', async () => {
    await api.create(WIDGETS, api.widget('typed'));
    expect((await api.get(WIDGETS)).body.items[0]).toMatchObject({ kind: 'Widget', apiVersion: `${api.group}/v1` });
  });

  it('spans namespaces', async () => {
    const path = await namespaceWith('span');
    await api.create(path, secret('spanning', { labels: { span: api.namespace } }));
    expect(names(await api.get(`/api/v1/secrets?labelSelector=span%3D${api.namespace}`))).toEqual(['spanning']);
  });
});

describe('pages', () => {
  it('show one revision from the first to the last', async () => {
    const path = await namespaceWith('paged', 'a', 'b', 'c', 'd', 'e');
    const first = await api.get(`${path}?limit=2`);
    expect(names(first)).toEqual(['a', 'b']);
    expect(first.body.metadata.remainingItemCount).toBe(3);
    await api.delete(`${path}/d`);
    await api.create(path, secret('cc'));
    await api.merge(`${path}/e`, { metadata: { labels: { late: 'yes' } } });
    const second = await api.get(`${path}?limit=2&continue=${first.body.metadata.continue}`);
    expect(names(second)).toEqual(['c', 'd']);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const third = await api.get(`${path}?limit=2&continue=${second.body.metadata.continue}`);
    expect(names(third)).toEqual(['e']);
    expect(third.body.items[0].metadata.labels).toBeUndefined();
    expect(third.body.metadata.continue).toBeUndefined();
  });

  it('do not say how many are left where a selector is to be asked for each', async () => {
    const path = await namespaceWith('selected', 'a', 'b');
    const { body } = await api.get(`${path}?limit=1&labelSelector=!never`);
    expect(body.metadata.continue).toBeTruthy();
    expect(body.metadata.remainingItemCount).toBeUndefined();
  });

  it('of a broken token are refused', async () => {
    expect((await api.get(`${WIDGETS}?limit=1&continue=nonsense`)).code).toBe(400);
  });
});

describe('resourceVersion', () => {
  it('with Exact shows the past', async () => {
    const path = await namespaceWith('past', 'a');
    const then = (await api.get(path)).body.metadata.resourceVersion;
    await api.create(path, secret('b'));
    expect(names(await api.get(`${path}?resourceVersion=${then}&resourceVersionMatch=Exact`))).toEqual(['a']);
  });

  it('with a page size shows exactly the past, unless it is said otherwise', async () => {
    const path = await namespaceWith('past-pages', 'a');
    const then = (await api.get(path)).body.metadata.resourceVersion;
    await api.create(path, secret('b'));
    expect(names(await api.get(`${path}?resourceVersion=${then}&limit=500`))).toEqual(['a']);
    const newer = await api.get(`${path}?resourceVersion=${then}&limit=500&resourceVersionMatch=NotOlderThan`);
    expect(names(newer)).toEqual(['a', 'b']);
  });

  it('with NotOlderThan shows it or what is newer', async () => {
    const path = await namespaceWith('newer', 'a');
    const then = (await api.create(path, secret('b'))).metadata.resourceVersion;
    expect(names(await api.get(`${path}?resourceVersion=${then}&resourceVersionMatch=NotOlderThan`))).toEqual([
      'a',
      'b',
    ]);
  });

  it('of the future is told to come back', async () => {
    const future = Number((await api.get(WIDGETS)).body.metadata.resourceVersion) + 1_000_000_000;
    const answer = await api.get(`${WIDGETS}?resourceVersion=${future}`);
    expect(answer.code).toBe(504);
    expect(answer.body.message).toContain('Too large resource version');
    expect(answer.body.details.retryAfterSeconds).toBe(1);
  });

  it('that is no number is refused', async () => {
    expect((await api.get(`${WIDGETS}?resourceVersion=abc`)).code).toBeGreaterThanOrEqual(400);
  });

  it('with an unknown resourceVersionMatch, or one without a revision, is refused', async () => {
    expect((await api.get(`${WIDGETS}?resourceVersion=1&resourceVersionMatch=Nearly`)).body.reason).toBe('Invalid');
    expect((await api.get(`${WIDGETS}?resourceVersionMatch=Exact`)).body.reason).toBe('Invalid');
  });
});
