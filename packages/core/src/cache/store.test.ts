import type { KubeObject } from '@stackwright/kube';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Store } from './store.js';

const object = (namespace: string, name: string, labels: Record<string, string> = {}, owner?: string): KubeObject => ({
  metadata: {
    namespace,
    name,
    labels,
    ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: owner, uid: owner }] } : {}),
  },
});
const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata?.name).sort();

describe('Store', () => {
  it('finds by key, namespace, labels and owner', () => {
    const store = new Store();
    store.set(object('a', 'one', { app: 'x', tier: 'db' }, 'owner'));
    store.set(object('a', 'two', { app: 'x' }));
    store.set(object('b', 'three', { app: 'x', tier: 'db' }));
    expect(store.get({ namespace: 'a', name: 'one' })?.metadata?.name).toBe('one');
    expect(names(store.list({ namespace: 'a' }))).toEqual(['one', 'two']);
    expect(names(store.list({ labels: { app: 'x' } }))).toEqual(['one', 'three', 'two']);
    expect(names(store.list({ namespace: 'a', labels: { app: 'x', tier: 'db' } }))).toEqual(['one']);
    expect(names(store.list({ namespace: 'a', labels: { none: 'x' } }))).toEqual([]);
    expect(names(store.list({ namespace: 'none' }))).toEqual([]);
    expect(names(store.ownedBy('owner'))).toEqual(['one']);
  });

  it('moves an object between the values of an index when it changes', () => {
    const store = new Store();
    store.set(object('a', 'one', { app: 'x' }));
    store.addIndex('app', ({ metadata }) => [metadata?.labels?.['app'] ?? '']);
    store.set(object('a', 'one', { app: 'y' }));
    expect(store.byIndex('app', 'x')).toEqual([]);
    expect(names(store.byIndex('app', 'y'))).toEqual(['one']);
    expect(() => store.addIndex('app', () => [])).toThrow('there already');
    expect(() => store.byIndex('none', 'x')).toThrow('no index');
  });

  it('keeps nothing of 10 000 objects that came and went (pitfall 15)', () => {
    const store = new Store();
    store.addIndex('name', ({ metadata }) => [metadata?.name ?? '']);
    store.list({ labels: { app: 'x' } });
    for (let n = 0; n < 10_000; n++) store.set(object(`ns-${n}`, `name-${n}`, { app: `${n}` }, `uid-${n}`));
    for (let n = 0; n < 10_000; n++) store.delete({ namespace: `ns-${n}`, name: `name-${n}` });
    expect([store.size, store.indexedValues]).toEqual([0, 0]);
  });

  it('answers as a plain scan would, whatever happened before', () => {
    const small = fc.constantFrom('a', 'b', 'c');
    const change = fc.record({ remove: fc.boolean(), namespace: small, name: small, app: small, tier: small });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), small, small, small, (changes, namespace, app, tier) => {
        const store = new Store();
        const model = new Map<string, KubeObject>();
        for (const { remove, namespace: ns, name, ...labels } of changes) {
          if (remove) store.delete({ namespace: ns, name });
          else store.set(object(ns, name, labels));
          if (remove) model.delete(`${ns}/${name}`);
          else model.set(`${ns}/${name}`, object(ns, name, labels));
          store.list({ labels: { app } });
        }
        for (const options of [{}, { namespace }, { labels: { app } }, { namespace, labels: { app, tier } }]) {
          const scan = [...model.values()].filter(
            ({ metadata }) =>
              (!('namespace' in options) || metadata?.namespace === options.namespace) &&
              Object.entries(options.labels ?? {}).every(([key, value]) => metadata?.labels?.[key] === value),
          );
          expect(names(store.list(options))).toEqual(names(scan));
        }
      }),
    );
  });
});
