import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import type { Condition } from '../meta.js';
import type { ObjectOf, Resource } from '../resource.js';
import { crdOf, schemaOf } from './crd.js';
import { defineCustomResource, type CustomObject, type CustomResource } from './define.js';
import {
  Conditions,
  IntOrString,
  ListMap,
  ListSet,
  Nullable,
  PassThrough,
  Quantity,
  StringEnum,
  StringMap,
} from './fields.js';
import { SchemaError } from './schema.js';
import { toYaml } from './yaml.js';

const spec = Type.Object({
  release: Type.String({ description: 'OpenStack release.', pattern: '^[0-9]{4}\\.[12]$' }),
  replicas: Type.Integer({ default: 1, minimum: 0, format: 'int32' }),
  mode: Type.Union([Type.Literal('Fast'), Type.Literal('Safe')], { default: 'Safe' }),
  note: Type.Optional(Type.String()),
  port: Type.Optional(IntOrString()),
  storage: Quantity({ default: '10Gi' }),
  nested: Type.Object({ deep: Type.Boolean({ default: true }) }, { default: {} }),
  labels: Type.Optional(StringMap()),
  byName: Type.Optional(Type.Record(Type.String(), Type.Number({ exclusiveMinimum: 0 }))),
  free: Type.Optional(PassThrough()),
  nothing: Type.Optional(Nullable(Type.String())),
  users: ListMap(Type.Object({ name: Type.String(), age: Type.Optional(Type.Integer()) }), ['name'], { default: [] }),
  tags: Type.Optional(ListSet(Type.String())),
});
const status = Type.Object({
  conditions: Type.Optional(Conditions()),
  observedGeneration: Type.Optional(Type.Integer()),
});

const Thing = defineCustomResource({
  group: 'test.stackwright.dev',
  version: 'v1alpha1',
  kind: 'Thing',
  plural: 'things',
  shortNames: ['th'],
  categories: ['stackwright'],
  description: 'A thing.',
  spec,
  status,
  printerColumns: [{ name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' }],
  labels: { 'stackwright.dev/service': 'thing' },
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
});

/** The schema of one field, in a kind that has only it. */
function fieldOf(field: TSchema) {
  return schemaOf({
    group: 'a.b',
    version: 'v1',
    kind: 'K',
    plural: 'ks',
    description: '',
    printerColumns: [],
    spec: Type.Object({ field }),
    status: Type.Object({}),
  }).properties?.['spec']?.properties?.['field'];
}

describe('the TypeScript type', () => {
  it('has what the server returns: defaults filled in, options optional', () => {
    type Object = ObjectOf<typeof Thing>;
    expectTypeOf<Object>().toEqualTypeOf<CustomObject<Static<typeof spec>, Static<typeof status>>>();
    expectTypeOf<Object['spec']['replicas']>().toEqualTypeOf<number>();
    expectTypeOf<Object['spec']['mode']>().toEqualTypeOf<'Fast' | 'Safe'>();
    expectTypeOf<Object['spec']['note']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Object['spec']['storage']>().toEqualTypeOf<number | string>();
    expectTypeOf<Object['spec']['nothing']>().toEqualTypeOf<string | null | undefined>();
    expectTypeOf<Object['spec']['users']>().toEqualTypeOf<{ name: string; age?: number }[]>();
    expectTypeOf<NonNullable<Object['status']>['conditions']>().toEqualTypeOf<Condition[] | undefined>();
  });

  it('fits where any custom resource or any resource is wanted', () => {
    expectTypeOf(Thing).toExtend<CustomResource>();
    expectTypeOf(Thing).toExtend<Resource>();
  });
});

describe('crdOf', () => {
  const crd = crdOf(Thing);
  const schema = schemaOf(Thing.definition);

  it('names the kind in every way', () => {
    expect(crd.metadata).toEqual({
      name: 'things.test.stackwright.dev',
      labels: { 'stackwright.dev/service': 'thing' },
    });
    expect(crd.spec.names).toEqual({
      kind: 'Thing',
      listKind: 'ThingList',
      plural: 'things',
      singular: 'thing',
      shortNames: ['th'],
      categories: ['stackwright'],
    });
    expect(crd.spec.scope).toBe('Namespaced');
    expect(crd.spec.versions[0]).toMatchObject({
      name: 'v1alpha1',
      served: true,
      storage: true,
      subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas' } },
      additionalPrinterColumns: [{ name: 'Ready' }],
    });
  });

  it('requires what has neither a default nor is optional', () => {
    expect(schema.required).toEqual(['spec']);
    expect(schema.properties?.['spec']?.required).toEqual(['release']);
  });

  it('says each field in the words of OpenAPI 3.0', () => {
    expect(schema.properties?.['spec']?.properties).toMatchObject({
      release: { type: 'string', description: 'OpenStack release.', pattern: '^[0-9]{4}\\.[12]$' },
      replicas: { type: 'integer', default: 1, minimum: 0, format: 'int32' },
      mode: { type: 'string', enum: ['Fast', 'Safe'], default: 'Safe' },
      port: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
      nested: { type: 'object', default: {}, properties: { deep: { type: 'boolean', default: true } } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      byName: { type: 'object', additionalProperties: { type: 'number', minimum: 0, exclusiveMinimum: true } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      nothing: { type: 'string', nullable: true },
      users: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
      tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    });
    expect(schema.properties?.['spec']?.properties?.['mode']).not.toHaveProperty('anyOf');
  });

  it('merges conditions by type', () => {
    expect(schema.properties?.['status']?.properties?.['conditions']).toMatchObject({
      'x-kubernetes-list-map-keys': ['type'],
      items: { required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'] },
    });
  });

  it('does not require a spec that has a default', () => {
    const open = schemaOf({
      ...Thing.definition,
      spec: Type.Object({ a: Type.String({ default: 'x' }) }, { default: {} }),
    });
    expect(open.required).toBeUndefined();
  });

  it('passes CEL rules and narrowing alternatives on', () => {
    const field = Type.Object(
      { a: Type.Optional(Type.String()), b: Type.Optional(Type.String()) },
      {
        'x-kubernetes-validations': [{ rule: 'self.a != self.b', message: 'differ' }],
        oneOf: [{ required: ['a'] }, { required: ['b'] }],
      },
    );
    expect(fieldOf(field)).toMatchObject({
      'x-kubernetes-validations': [{ rule: 'self.a != self.b', message: 'differ' }],
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
    });
  });
});

describe('what a CRD cannot express is refused when the kind is defined, with the path of the field', () => {
  it.each<[string, TSchema, string]>([
    ['a union of types', Type.Union([Type.String(), Type.Boolean()]), 'a union of types'],
    ['literals of several types', Type.Union([Type.Literal('a'), Type.Literal(1)]), 'must be of one type'],
    ['a tuple', Type.Tuple([Type.String()]), 'a tuple'],
    [
      'an intersection',
      Type.Intersect([Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })]),
      'Type.Composite',
    ],
    ['a recursive type', Type.Recursive((self) => Type.Object({ children: Type.Array(self) })), 'a reference'],
    ['a date', Type.Date(), 'type "Date"'],
    ['nothing at all', Type.Unknown(), 'no type'],
    ['keys by pattern', Type.Record(Type.String({ pattern: '^a' }), Type.String()), 'keys of a map'],
    ['uniqueItems', Type.Array(Type.String(), { uniqueItems: true }), 'ListSet'],
    [
      'properties and others',
      Type.Object({ a: Type.String() }, { additionalProperties: Type.String() }),
      'both properties and additionalProperties',
    ],
    ['look-ahead', Type.String({ pattern: '^(?!x)' }), 'RE2'],
    ['a broken pattern', Type.String({ pattern: '(' }), 'pattern'],
    ['a misspelt keyword', Type.String({ minLenght: 1 }), 'unknown keyword minLenght'],
    ['a list map without its key', ListMap(Type.Object({ a: Type.String() }), ['b']), 'no property b'],
    [
      'a list map with an optional key',
      ListMap(Type.Object({ a: Type.Optional(Type.String()) }), ['a']),
      'must be required or have a default',
    ],
    ['a set of objects', ListSet(Type.Object({ a: Type.String() })), 'use ListMap()'],
    ['an empty rule', Type.String({ 'x-kubernetes-validations': [{ rule: '' }] }), 'a validation without a rule'],
    [
      'a rule about a map of values without a type',
      Type.Record(Type.String(), Type.Unsafe<unknown>({ 'x-kubernetes-preserve-unknown-fields': true }), {
        'x-kubernetes-validations': [{ rule: 'self.size() < 3' }],
      }),
      'a rule about values without a type',
    ],
    ['a default of the wrong type', Type.Integer({ default: '1' }), 'not a number'],
    ['a default out of range', Type.Integer({ default: 0, minimum: 1 }), '0 is too small'],
    ['a default outside the enum', StringEnum(['a'], { default: 'b' }), '"b" is none of'],
    ['a default that is too long', Type.Array(Type.Integer(), { default: [1, 2], maxItems: 1 }), 'more than 1 items'],
    ['a default that lacks a field', Type.Object({ a: Type.String() }, { default: {} }), 'spec.field.a: missing'],
    ['a default with a field too many', Type.Object({}, { default: { a: 1 } }), 'spec.field.a: unknown field'],
  ])('%s', (_, field, message) => {
    expect(() => fieldOf(field)).toThrow(SchemaError);
    expect(() => fieldOf(field)).toThrow(message);
    expect(() => fieldOf(field)).toThrow('spec.field');
  });

  it('names, all problems at once', () => {
    expect(() =>
      defineCustomResource({
        ...Thing.definition,
        group: 'nodots',
        kind: 'thing',
        plural: 'Things',
        version: '1',
        printerColumns: [{ name: 'X', type: 'string', jsonPath: 'spec.x' }],
      }),
    ).toThrow(/thing\.nodots.*\n.*group.*\n.*version.*\n.*kind.*\n.*Things.*\n.*X does not begin/);
  });
});

it('prints YAML that reads back the same, one document per object', () => {
  const crd = crdOf(Thing);
  expect(parse(toYaml(crd))).toEqual(crd);
  const shared = { a: 'x'.repeat(300) };
  const text = toYaml({ one: shared, two: shared }, crd);
  expect(text).not.toMatch(/[&*]a1/);
  expect(parseAllDocuments(text).map((document) => document.toJS() as unknown)).toEqual([
    { one: shared, two: shared },
    crd,
  ]);
});
