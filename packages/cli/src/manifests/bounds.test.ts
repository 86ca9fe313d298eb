// Whoever may make an object of ours must not be able to hold up the controller of all of them by its size: each string, list and map
// of each kind has a bound, and an object that is as large as it may be costs little more than any other.
import type { Reconciled } from '@stackwright/graph';
import { GraphHarness, SnapshotReader } from '@stackwright/graph/testing';
import { crdOf, type StructuralSchema } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { modules } from '../modules.js';

const kinds = modules.flatMap((module) =>
  module.customResources.map((resource) => ({
    kind: resource.kind,
    resource,
    module,
    schema: crdOf(resource).spec.versions[0]?.schema?.openAPIV3Schema as StructuralSchema,
  })),
);

/** Values that no schema can bound; the controller says how long they may be (`configLimits`). */
const boundedElsewhere = /^spec\.config(\.\*)+$/;

/** Paths of strings, lists and maps that may be of any length. */
function unbounded(schema: StructuralSchema, path: string): string[] {
  const { type, items, additionalProperties, properties = {} } = schema;
  const isText = type === 'string' || schema['x-kubernetes-int-or-string'] === true;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const lacks = [
    isText && !schema.enum && schema.maxLength === undefined,
    type === 'array' && schema.maxItems === undefined,
    type === 'object' && (additionalProperties !== undefined || isOpen) && schema.maxProperties === undefined,
    type === undefined && isOpen && !boundedElsewhere.test(path),
  ];
  return [
    ...(lacks.includes(true) ? [path] : []),
    ...(items ? unbounded(items, `${path}[]`) : []),
    ...(additionalProperties ? unbounded(additionalProperties, `${path}.*`) : []),
    ...Object.entries(properties).flatMap(([name, field]) => unbounded(field, `${path}.${name}`)),
  ];
}

/** Of these long texts are made; of the others where a pattern wants them. */
const words = ['1', 'a'];
const others = ['.', 'A', '/a', '1Gi', 'https://a/', '0 ', '_', '-'];
/** Milliseconds of processor time, which other processes do not add to, that such an object may cost those that wait behind it. */
const bound = 1_000;
/** Characters of the texts of an object: with all that is around them, about as many as a server of the API takes. */
const room = 400_000;

interface Filling {
  readonly word: string;
  left: number;
}

/** What fills the bounds of a schema, as far as there is room. */
function filled(schema: StructuralSchema, filling: Filling, name = ''): unknown {
  const { items, additionalProperties, properties, maxItems = 0, maxProperties = 0 } = schema;
  if (schema.enum) return schema.default ?? schema.enum.at(-1);
  if (properties) {
    const fields = Object.entries(properties).filter(([field]) => !switches.has(field));
    return Object.fromEntries(fields.map(([field, part]) => [field, filled(part, filling, field)]));
  }
  if (additionalProperties) {
    const keys = indices(maxProperties, filling).map((index) => `a${index}`);
    return Object.fromEntries(keys.map((key) => [key, filled(additionalProperties, filling)]));
  }
  if (items) {
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    return indices(maxItems, filling).map((index) => asItem(filled(items, filling), keys, index));
  }
  switch (schema.type) {
    case 'boolean':
      return schema.default ?? true;
    case 'integer':
    case 'number':
      return schema.maximum ?? schema.default ?? 2_147_483_647;
    case 'string':
      return text(schema, filling);
    default:
      return schema['x-kubernetes-int-or-string'] ? text(schema, filling) : name === '' ? 1 : {};
  }
}

/** As many as there is room for. */
function indices(most: number, filling: Filling): number[] {
  const found: number[] = [];
  for (let index = 0; index < most && filling.left > 0; index++, filling.left -= 4) found.push(index);
  return found;
}

/** With these nothing would be done at all. */
const switches: ReadonlySet<string> = new Set(['paused', 'external']);

function asItem(item: unknown, keys: readonly string[], index: number): unknown {
  const [key] = keys;
  return key === undefined ? item : { ...(item as object), [key]: `${key}${index}` };
}

function text({ maxLength = 0, pattern, default: otherwise }: StructuralSchema, filling: Filling): unknown {
  const isMeant = new RegExp(pattern ?? '', 'u');
  const length = Math.min(maxLength, Math.max(filling.left, 16));
  for (const word of [filling.word, ...others]) {
    const whole = word.repeat(Math.floor(length / word.length));
    const found = [whole, `a${whole.slice(2)}a`].find((one) => isMeant.test(one));
    if (found === undefined) continue;
    filling.left -= found.length;
    return found;
  }
  return otherwise ?? '2025.1';
}

describe.each(kinds)('$kind', ({ schema, resource, module }) => {
  it('has a bound for each string, list and map', () => {
    for (const part of ['spec', 'status']) {
      expect(unbounded(schema.properties?.[part] ?? {}, part)).toEqual([]);
    }
  });

  it('costs little where every field is as long as it may be', async () => {
    const graph = module.graphs(new SnapshotReader()).find((one) => one.resource.kind === resource.kind);
    if (!graph) return;
    for (const word of words) {
      const harness = new GraphHarness<Reconciled>(graph);
      const spec = filled(schema.properties?.['spec'] ?? {}, { word, left: room }) as object;
      expect(JSON.stringify(spec).length).toBeGreaterThan(1_000);
      await harness.create({ apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, spec });
      await harness.sync();
      const before = process.cpuUsage();
      await harness.reconcile().catch(() => undefined);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1_000, `of "${word}"`).toBeLessThan(bound);
    }
  });
});
