import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { pod, secret } from '../support/objects.js';
import { missing, target } from '../support/target.js';

const api = bench('selectors', { widgets: true });
const { SECRETS, PODS, WIDGETS } = api.paths;
/** Nodes that there are not. */
const [HERE, THERE] = [`${target.run}-here`, `${target.run}-there`];

const names = ({ body }: Answer): string[] => body.items.map(({ metadata }) => metadata.name);

beforeAll(async () => {
  if (missing(['rights']) !== undefined) return;
  const labels: Record<string, object> = {
    s1: { app: 'a', tier: 'web' },
    s2: { app: 'b' },
    s3: { app: 'c', tier: 'db' },
    s4: {},
  };
  for (const [name, own] of Object.entries(labels)) {
    await api.create(SECRETS, secret(name, { labels: own }, { type: name === 's1' ? 'example.com/odd' : 'Opaque' }));
    await api.create(WIDGETS, api.widget(name, {}, { labels: own }));
  }
});

describe('by labels', () => {
  const selections: [string, string[]][] = [
    ['app=a', ['s1']],
    ['app==a', ['s1']],
    ['app!=a', ['s2', 's3', 's4']],
    ['app in (a, b)', ['s1', 's2']],
    ['app notin (a,b)', ['s3', 's4']],
    ['tier', ['s1', 's3']],
    ['!tier', ['s2', 's4']],
    ['tier,app!=a', ['s3']],
    ['app in (a,c),tier=db', ['s3']],
  ];

  it.each(selections)('%s selects %j', async (selector, expected) => {
    expect(names(await api.get(`${SECRETS}?labelSelector=${encodeURIComponent(selector)}`))).toEqual(expected);
    expect(names(await api.get(`${WIDGETS}?labelSelector=${encodeURIComponent(selector)}`))).toEqual(expected);
  });

  it.each(['app in (a', 'a b', '=x'])('%s is refused', async (selector) => {
    expect((await api.get(`${SECRETS}?labelSelector=${encodeURIComponent(selector)}`)).code).toBe(400);
  });
});

describe('by fields', () => {
  it.each([
    ['metadata.name=s2', ['s2']],
    ['type=example.com/odd', ['s1']],
    [`type!=example.com/odd,metadata.namespace=${api.namespace}`, ['s2', 's3', 's4']],
  ])('Secrets: %s selects %j', async (selector, expected) => {
    expect(names(await api.get(`${SECRETS}?fieldSelector=${encodeURIComponent(selector)}`))).toEqual(expected);
  });

  it('Pods are selected by node and phase', async () => {
    await api.create(PODS, pod('here', { nodeName: HERE }));
    await api.create(PODS, pod('there', { nodeName: THERE }));
    expect(names(await api.get(`${PODS}?fieldSelector=spec.nodeName%3D${HERE}`))).toEqual(['here']);
    expect(names(await api.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${THERE}`))).toEqual(['there']);
    expect(names(await api.get(`${PODS}?fieldSelector=spec.nodeName!%3D${HERE}`))).toEqual(['there']);
    expect(names(await api.get(`${PODS}?fieldSelector=status.phase%3DRunning`))).toEqual([]);
  });

  it('custom resources are selected by name', async () => {
    expect(names(await api.get(`${WIDGETS}?fieldSelector=metadata.name%3Ds3`))).toEqual(['s3']);
  });

  it('a field that cannot be selected by is refused', async () => {
    const answer = await api.get(`${SECRETS}?fieldSelector=data.x%3D1`);
    expect(answer.code).toBe(400);
    expect(answer.body.message).toContain('field label not supported: data.x');
    expect((await api.get(`${WIDGETS}?fieldSelector=spec.size%3D1`)).code).toBe(400);
  });
});
