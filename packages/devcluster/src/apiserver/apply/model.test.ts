// Server-side apply against a model of it: a flat table of leaves, each with a value and its owners.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ApiError, type CustomResourceDefinition } from '@stackwright/kube';
import { resourcesOf } from '../crds/resources.js';
import type { ApiObject, JsonObject } from '../json.js';
import { applyConfiguration } from './apply.js';
import { writeManagers } from './managers.js';

const string = { type: 'string' };
const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        scalar: { type: 'integer' },
        granular: { type: 'object', additionalProperties: string },
        atomic: { type: 'object', additionalProperties: string, 'x-kubernetes-map-type': 'atomic' },
        whole: { type: 'array', items: string },
        set: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
        keyed: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name', 'port'],
          items: {
            type: 'object',
            required: ['name', 'port'],
            properties: {
              name: string,
              port: { type: 'integer' },
              color: string,
              tags: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
            },
          },
        },
      },
    },
  },
};

const [things] = resourcesOf({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { plural: 'things', kind: 'Thing' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
  status: { conditions: [{ type: 'Established', status: 'True' }] },
} as unknown as CustomResourceDefinition);
if (!things) throw new Error('things are not served');
const resource = things;

interface Part {
  name: string;
  port: number;
  color?: string;
  tags?: string[];
}
interface Spec {
  scalar?: number;
  granular?: Record<string, string>;
  atomic?: Record<string, string>;
  whole?: string[];
  set?: string[];
  keyed?: Part[];
}

const letter = fc.constantFrom('a', 'b', 'c');
const map = fc.dictionary(letter, fc.constantFrom('x', 'y'), { minKeys: 1, maxKeys: 2 });
const set = fc.uniqueArray(letter, { minLength: 1, maxLength: 2 });
const part = fc.record(
  { name: fc.constantFrom('a', 'b'), port: fc.constantFrom(1, 2), color: fc.constantFrom('red', 'blue'), tags: set },
  { requiredKeys: ['name', 'port'] },
);
const spec: fc.Arbitrary<Spec> = fc.record(
  {
    scalar: fc.integer({ min: 1, max: 2 }),
    granular: map,
    atomic: map,
    whole: fc.array(letter, { minLength: 1, maxLength: 2 }),
    set,
    keyed: fc.uniqueArray(part, { selector: ({ name, port }) => `${name}${port}`, minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const step = fc.record({ by: fc.constantFrom('alice', 'bob', 'carol'), spec, force: fc.boolean() });

/** Everything that can have an owner of its own, with its value as text. */
function leaves({ scalar, granular, atomic, whole, set: elements, keyed }: Spec): Map<string, string> {
  const found = new Map<string, string>();
  if (scalar !== undefined) found.set('scalar', String(scalar));
  for (const [name, value] of Object.entries(granular ?? {})) found.set(`granular.${name}`, value);
  if (atomic) found.set('atomic', JSON.stringify(Object.entries(atomic).sort()));
  if (whole) found.set('whole', JSON.stringify(whole));
  for (const element of elements ?? []) found.set(`set.${element}`, '');
  for (const { name, port, color, tags } of keyed ?? []) {
    const path = `keyed.${name}:${port}`;
    found.set(path, '');
    if (color !== undefined) found.set(`${path}.color`, color);
    for (const tag of tags ?? []) found.set(`${path}.tags.${tag}`, '');
  }
  return found;
}

class Model {
  readonly state = new Map<string, { value: string; owners: Set<string> }>();

  /** Whether it was taken. */
  apply(by: string, given: Spec, force: boolean): boolean {
    const wanted = leaves(given);
    const contested = [...wanted].some(([path, value]) => {
      const leaf = this.state.get(path);
      return leaf !== undefined && leaf.value !== value && [...leaf.owners].some((owner) => owner !== by);
    });
    if (contested && !force) return false;
    for (const [path, value] of wanted) {
      const leaf = this.state.get(path);
      if (leaf?.value === value) leaf.owners.add(by);
      else this.state.set(path, { value, owners: new Set([by]) });
    }
    for (const [path, leaf] of this.state) {
      if (wanted.has(path)) continue;
      leaf.owners.delete(by);
      if (leaf.owners.size === 0) this.state.delete(path);
    }
    return true;
  }
}

function apply(live: ApiObject | undefined, by: string, given: Spec, force: boolean): ApiObject | undefined {
  const config = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' }, spec: given };
  const manager = { name: by, operation: 'Apply', apiVersion: 'example.com/v1', time: '2025-01-01T00:00:00Z' } as const;
  try {
    const copy = JSON.parse(JSON.stringify(config)) as JsonObject;
    const { object, managed } = applyConfiguration(resource, live, copy, manager, { force });
    const result = JSON.parse(JSON.stringify(object)) as ApiObject;
    writeManagers(result, live, managed);
    return result;
  } catch (error) {
    if (error instanceof ApiError && error.code === 409) return undefined;
    throw error;
  }
}

it('agrees with the model on what is there, and on who is refused', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 10 }), (steps) => {
      const model = new Model();
      let live: ApiObject | undefined;
      for (const { by, spec: given, force } of steps) {
        const result = apply(live, by, given, force);
        expect(result !== undefined).toBe(model.apply(by, given, force));
        live = result ?? live;
        const values = [...model.state].map(([path, { value }]) => [path, value] as const);
        expect(Object.fromEntries(leaves((live?.['spec'] ?? {}) as Spec))).toEqual(Object.fromEntries(values));
      }
    }),
  );
});

it('of managers who want nothing of each other it does not matter who comes first', () => {
  fc.assert(
    fc.property(spec, spec, (one, two) => {
      const first = leaves(one);
      fc.pre([...leaves(two)].every(([path, value]) => (first.get(path) ?? value) === value));
      const ab = apply(apply(undefined, 'alice', one, false), 'bob', two, false);
      const ba = apply(apply(undefined, 'bob', two, false), 'alice', one, false);
      expect(leaves((ab?.['spec'] ?? {}) as Spec)).toEqual(new Map([...first, ...leaves(two)]));
      expect(Object.fromEntries(leaves((ba?.['spec'] ?? {}) as Spec))).toEqual(
        Object.fromEntries(leaves((ab?.['spec'] ?? {}) as Spec)),
      );
    }),
  );
});
