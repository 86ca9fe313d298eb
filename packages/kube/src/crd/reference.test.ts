import { Type } from '@sinclair/typebox';
import { expect, it } from 'vitest';
import { defineCustomResource } from './define.js';
import { ListMap, Nullable, PassThrough, Quantity, StringEnum, StringMap } from './fields.js';
import { referenceOf } from './reference.js';

const Thing = defineCustomResource({
  group: 'test.stackwright.dev',
  version: 'v1alpha1',
  kind: 'Thing',
  plural: 'things',
  shortNames: ['th'],
  description: 'A thing.',
  printerColumns: [],
  spec: Type.Object({
    mode: StringEnum(['Fast', 'Safe'], { default: 'Safe', description: 'How: a | b.' }),
    count: Type.Integer({ minimum: 1, maximum: 3 }),
    ratio: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    size: Quantity({ default: '1Gi' }),
    nested: Type.Object(
      { deep: Nullable(Type.String({ minLength: 1 })) },
      { 'x-kubernetes-validations': [{ rule: 'self.deep != ""' }] },
    ),
    labels: Type.Optional(StringMap()),
    byName: Type.Optional(
      Type.Record(Type.String(), Type.Object({ on: Type.Boolean({ default: true }) }), { maxProperties: 5 }),
    ),
    users: ListMap(Type.Object({ name: Type.String({ pattern: '^[a-z]+$' }) }), ['name'], { default: [] }),
    free: Type.Optional(PassThrough({ description: 'Anything.' })),
  }),
  status: Type.Object({ seen: Type.Optional(Type.Integer({ minimum: 0 })) }),
});

it('shows each field with type, default and what is checked', () => {
  expect(referenceOf(Thing)).toBe(`## Thing

A thing.

\`apiVersion: test.stackwright.dev/v1alpha1\`, namespaced; for kubectl: \`things\`, \`th\`.

| Field | Type | Default | Description |
|---|---|---|---|
| \`spec.mode\` | string | \`"Safe"\` | How: a \\| b. (one of \`Fast\`, \`Safe\`) |
| \`spec.count\` | integer | **required** | (1 to 3) |
| \`spec.ratio\` | number |  | (more than 0; at most 1) |
| \`spec.size\` | integer or string | \`"1Gi"\` | (at most 64 characters) |
| \`spec.nested\` | object | **required** | (\`self.deep != ""\`) |
| \`spec.nested.deep\` | string or null | **required** | (at least 1 characters) |
| \`spec.labels\` | map of string |  |  |
| \`spec.byName\` | map of object |  | (at most 5 entries) |
| \`spec.byName.*\` | object |  |  |
| \`spec.byName.*.on\` | boolean | \`true\` |  |
| \`spec.users\` | list of object | \`[]\` |  |
| \`spec.users[].name\` | string | **required** | (matches \`^[a-z]+$\`) |
| \`spec.free\` | object |  | Anything. |
| \`status.seen\` | integer |  | (at least 0) |
`);
  expect(referenceOf(Thing, { level: 3 })).toMatch(/^### Thing/);
});
