// Invariants of server-side apply that hold for any sequence of managers and configurations.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ApiError } from '@stackwright/kube';
import type { ApiObject, JsonObject } from '../json.js';
import { resourcesOf } from '../crds/resources.js';
import { widget, widgetDefinition } from '../testing/objects.js';
import type { CustomResourceDefinition } from '@stackwright/kube';
import { applyConfiguration } from './apply.js';
import { encodeManagers, writeManagers, type Manager } from './managers.js';

const definition = widgetDefinition() as CustomResourceDefinition;
const established = { conditions: [{ type: 'Established', status: 'True' }] };
const [resource] = resourcesOf({ ...definition, status: established });
if (!resource) throw new Error('the widget is not served');
const widgets = resource;

const part = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  color: fc.option(fc.constantFrom('red', 'blue'), { nil: undefined }),
});
const spec = fc.record(
  {
    size: fc.integer({ min: 1, max: 3 }),
    mode: fc.constantFrom('fast', 'slow'),
    // Sets and keyed lists without elements have no owner, and are what they are by chance.
    tags: fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1, maxLength: 3 }),
    plain: fc.array(fc.constantFrom('p', 'q'), { maxLength: 2 }),
    limits: fc.dictionary(fc.constantFrom('m', 'n'), fc.nat(2), { maxKeys: 2 }),
    parts: fc.uniqueArray(part, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const step = fc.record({ manager: fc.constantFrom('alice', 'bob', 'carol'), spec, force: fc.boolean() });

const manager = (name: string): Manager => ({
  name,
  operation: 'Apply',
  apiVersion: 'example.com/v1',
  time: '2025-01-01T00:00:00Z',
});

const configOf = (given: object): JsonObject =>
  JSON.parse(JSON.stringify({ ...widget('w'), spec: given })) as JsonObject;

/** Undefined when it was refused with a conflict. */
function applyTo(live: ApiObject | undefined, by: string, config: JsonObject, force: boolean): ApiObject | undefined {
  try {
    const { object, managed } = applyConfiguration(widgets, live, config, manager(by), { force });
    const result = JSON.parse(JSON.stringify(object)) as ApiObject;
    writeManagers(result, live, managed);
    return result;
  } catch (error) {
    if (error instanceof ApiError && error.code === 409) return undefined;
    throw error;
  }
}

const fieldsOf = (object: ApiObject, by: string): unknown =>
  object.metadata.managedFields?.find((entry) => entry.manager === by)?.fieldsV1;

/** Of an empty set or keyed list nobody owns anything: whether it is there says nothing. */
function withoutEmpty(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, item: unknown) =>
    Array.isArray(item) && item.length === 0 ? undefined : item,
  ) as unknown;
}

/** Everything that the configuration says is so. */
function expectContains(live: unknown, config: unknown): void {
  if (Array.isArray(config)) {
    if (config.length === 0) return;
    if (!Array.isArray(live)) throw new Error('a list is missing');
    const keyed = config.every((item) => typeof item === 'object');
    for (const item of config as { name: string }[]) {
      if (!keyed) expect(live).toContain(item);
      else
        expectContains(
          (live as { name: string }[]).find(({ name }) => name === item.name),
          item,
        );
    }
  } else if (typeof config === 'object' && config !== null) {
    for (const [name, value] of Object.entries(config)) expectContains((live as JsonObject)[name], value);
  } else {
    expect(live).toEqual(config);
  }
}

function replay(steps: readonly { manager: string; spec: object; force: boolean }[]): ApiObject | undefined {
  let live: ApiObject | undefined;
  for (const { manager: by, spec: given, force } of steps) live = applyTo(live, by, configOf(given), force) ?? live;
  return live;
}

it('what is applied is there', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), step, (before, last) => {
      const live = replay(before);
      const config = configOf(last.spec);
      const result = applyTo(live, last.manager, config, last.force);
      if (!result) expect(last.force).toBe(false);
      else expectContains(result['spec'] ?? {}, config['spec']);
    }),
  );
});

it('applying the same again changes nothing, not even who owns what', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const last = steps.at(-1);
      const live = replay(steps);
      if (!last || !live) return;
      const result = applyTo(live, last.manager, configOf(last.spec), true);
      const again = applyTo(result, last.manager, configOf(last.spec), false);
      expect(withoutEmpty(again)).toEqual(withoutEmpty(result));
    }),
  );
});

it('without force nobody else loses a field, or its value', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), step, (before, last) => {
      const live = replay(before);
      const result = applyTo(live, last.manager, configOf(last.spec), false);
      if (!live || !result) return;
      for (const other of ['alice', 'bob', 'carol'].filter((name) => name !== last.manager)) {
        expect(fieldsOf(result, other)).toEqual(fieldsOf(live, other));
      }
    }),
  );
});

it('what nobody applies any more is gone', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      let live = replay(steps);
      for (const name of ['alice', 'bob', 'carol']) live = live && (applyTo(live, name, configOf({}), true) ?? live);
      expect(withoutEmpty(live?.['spec'] ?? {})).toEqual({});
    }),
  );
});

it('who owns what survives being written and read', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const live = replay(steps);
      if (!live) return;
      const { managed } = applyConfiguration(widgets, live, configOf({ size: 1 }), manager('dave'), { force: true });
      const entries = encodeManagers(managed);
      expect(encodeManagers(managed)).toEqual(JSON.parse(JSON.stringify(entries)));
      for (const entry of entries) expect(Object.keys(entry.fieldsV1 ?? {})).not.toHaveLength(0);
    }),
  );
});
