import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiObject } from '../json.js';
import type { Persistence } from './persistence.js';
import { Store } from './store.js';

const object = (name: string, value = 0): ApiObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, namespace: 'n' },
  value,
});

describe('the store', () => {
  it('never changes an object that it has handed out', () => {
    const store = new Store();
    const first = store.put('a', 'n/x', object('x', 1));
    store.put('a', 'n/x', object('x', 2));
    expect(first['value']).toBe(1);
    expect(() => Object.assign(first.metadata, { name: 'y' })).toThrow(TypeError);
  });

  it('commits all changes of a transaction or none', () => {
    const store = new Store();
    store.put('a', 'n/x', object('x'));
    const { revision } = store;
    expect(() =>
      store.commit([
        { resource: 'a', key: 'n/y', object: object('y') },
        { resource: 'a', key: 'n/missing' },
      ]),
    ).toThrow();
    expect(store.get('a', 'n/y')).toBeUndefined();
    expect(store.revision).toBe(revision);
  });

  it('is as before when a change cannot be made durable', () => {
    const failing: Persistence = {
      load: () => undefined,
      append: () => {
        throw new Error('no space left on device');
      },
      compact: () => undefined,
      close: async () => undefined,
    };
    const store = new Store({ persistence: failing });
    const { revision } = store;
    expect(() => store.put('a', 'n/x', object('x'))).toThrow('no space left');
    expect(store.get('a', 'n/x')).toBeUndefined();
    expect(store.revision).toBe(revision);
    expect(store.history('a').since(revision)).toEqual([]);
  });

  it('forgets events beyond its limit, and says so', () => {
    const store = new Store({ historyLimit: 10 });
    const from = store.revision;
    for (let value = 0; value < 100; value += 1) store.put('a', 'n/x', object('x', value));
    expect(store.history('a').since(from)).toBeUndefined();
    expect(store.history('a').since(store.revision - 9)).toHaveLength(9);
    expect(store.listAt('a', from)).toBeUndefined();
  });

  type Step = { kind: 'put' | 'delete'; resource: string; key: string; value: number };
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('put', 'put', 'delete'),
    resource: fc.constantFrom('a', 'b'),
    key: fc.constantFrom('n/x', 'n/y', 'm/x', 'm/z'),
    value: fc.nat(9),
  });

  it('agrees with a model: state, state of the past, and the events between', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, lookBack) => {
        const store = new Store();
        const states: { revision: number; state: Map<string, number> }[] = [
          { revision: store.revision, state: new Map() },
        ];
        const model = new Map<string, number>();
        for (const { kind, resource, key, value } of steps) {
          const id = `${resource} ${key}`;
          if (kind === 'delete' && !model.has(id)) continue;
          if (kind === 'put') {
            store.put(resource, key, object(key.slice(2), value));
            model.set(id, value);
          } else {
            store.delete(resource, key);
            model.delete(id);
          }
          states.push({ revision: store.revision, state: new Map(model) });
        }
        const past = states[Math.min(lookBack, states.length - 1)] ?? { revision: 0, state: new Map<string, number>() };
        for (const resource of ['a', 'b']) {
          const valuesOf = (state: Map<string, number>) =>
            [...state]
              .filter(([id]) => id.startsWith(resource))
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([, value]) => value);
          expect(store.list(resource).map((item) => item['value'])).toEqual(valuesOf(model));
          expect(store.listAt(resource, past.revision)?.map((item) => item['value'])).toEqual(valuesOf(past.state));
          // Replaying the events over the past gives the present.
          const replayed = new Map([...past.state].filter(([id]) => id.startsWith(resource)));
          for (const event of store.history(resource).since(past.revision) ?? []) {
            const id = `${resource} ${event.key}`;
            expect(event.type).toBe(replayed.has(id) ? (event.type === 'DELETED' ? 'DELETED' : 'MODIFIED') : 'ADDED');
            if (event.type === 'DELETED') replayed.delete(id);
            else replayed.set(id, event.object['value'] as number);
          }
          expect(valuesOf(replayed)).toEqual(valuesOf(model));
        }
        const revisions = ['a', 'b'].flatMap((resource) =>
          (store.history(resource).since(past.revision) ?? []).map((event) => event.revision),
        );
        expect(new Set(revisions).size).toBe(revisions.length);
      }),
    );
  });
});
