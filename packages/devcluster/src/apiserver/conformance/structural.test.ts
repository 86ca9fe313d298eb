// What schemas must be like, and what the rarer parts of them do to objects.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status, TestServer } from '../testing/http.js';
import { CRDS } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
});
afterAll(() => api.stop());

const definition = (plural: string, properties: object, extra: object = {}): object => ({
  metadata: { name: `${plural}.schema.example.com` },
  spec: {
    group: 'schema.example.com',
    scope: 'Cluster',
    names: { plural, kind: `K${plural}` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties, ...extra } },
      },
    ],
  },
});
const path = (plural: string): string => `/apis/schema.example.com/v1/${plural}`;
const object = (plural: string, name: string, fields: object): object => ({
  apiVersion: 'schema.example.com/v1',
  kind: `K${plural}`,
  metadata: { name },
  ...fields,
});

describe('a schema is refused', () => {
  const string = { type: 'string' };
  const list = (type: string, items: object, more: object = {}): object => ({
    a: { type: 'array', items, 'x-kubernetes-list-type': type, ...more },
  });
  it.each([
    ['for a field of no type', { a: {} }, '.properties[a].type', 'must not be empty for specified object fields'],
    [
      'for elements of no type',
      { a: { type: 'array', items: {} } },
      '.properties[a].items.type',
      'must not be empty for specified array items',
    ],
    ['for a list of nothing', { a: { type: 'array' } }, '.properties[a].items', 'must be specified'],
    [
      'for a type beside int-or-string',
      { a: { type: 'string', 'x-kubernetes-int-or-string': true } },
      '.properties[a].type',
      'must be empty',
    ],
    [
      'for types in branches',
      { a: { type: 'object', anyOf: [string] } },
      '.properties[a].anyOf[0].type',
      'must be empty to be structural',
    ],
    [
      'for fields that only branches have',
      { a: { type: 'object', allOf: [{ properties: { b: {} } }] } },
      '.properties[a].properties[b]',
      'because it is defined in',
    ],
    [
      'for fields and entries at once',
      { a: { type: 'object', properties: {}, additionalProperties: string } },
      '.properties[a].additionalProperties',
      'mutual exclusive',
    ],
    [
      'for uniqueItems',
      { a: { type: 'array', items: string, uniqueItems: true } },
      '.properties[a].uniqueItems',
      'quadratic',
    ],
    [
      'for an embedded resource that is no object',
      { a: { type: 'string', 'x-kubernetes-embedded-resource': true } },
      '.properties[a].type',
      'must be object',
    ],
    [
      'for an embedded resource without fields',
      { a: { type: 'object', 'x-kubernetes-embedded-resource': true } },
      '.properties[a].properties',
      'must not be empty',
    ],
    [
      'for unknown fields that are not preserved',
      { a: { type: 'object', 'x-kubernetes-preserve-unknown-fields': false } },
      '.properties[a].x-kubernetes-preserve-unknown-fields',
      'must be true or undefined',
    ],
    [
      'for a set of objects',
      list('set', { type: 'object', properties: {} }),
      '.properties[a].items.x-kubernetes-map-type',
      'must be atomic',
    ],
    [
      'for a keyed list of scalars',
      list('map', string, { 'x-kubernetes-list-map-keys': ['a'] }),
      '.properties[a].items.type',
      'must be object',
    ],
    [
      'for keys that are no fields',
      list('map', { type: 'object', properties: {} }, { 'x-kubernetes-list-map-keys': ['a'] }),
      '.properties[a].x-kubernetes-list-map-keys',
      'entries must all be names of item properties',
    ],
    [
      'for keys without keyed lists',
      list('atomic', string, { 'x-kubernetes-list-map-keys': ['a'] }),
      '.properties[a].x-kubernetes-list-map-keys',
      'must not be specified',
    ],
    [
      'for a default of another type',
      { a: { type: 'integer', default: 'x' } },
      '.properties[a].default',
      'must be of type integer',
    ],
    [
      'for a default with unknown fields',
      { a: { type: 'object', properties: {}, default: { b: 1 } } },
      '.properties[a].default',
      'must not have unknown fields',
    ],
    [
      'for rules about metadata',
      { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
      '.properties[metadata]',
      'must not specify anything other than name and generateName',
    ],
  ])('%s', async (_, properties, field, message) => {
    const refused = await api.post(CRDS, definition('bads', properties));
    expect(refused.code).toBe(422);
    expect(status(refused).details?.causes).toContainEqual({
      field: `spec.validation.openAPIV3Schema${field}`,
      reason: expect.any(String) as string,
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('an object', () => {
  beforeAll(async () => {
    await api.create(
      CRDS,
      definition('things', {
        template: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        strict: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
        },
        kept: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { known: { type: 'object', properties: { a: { type: 'string', default: 'x' } } } },
        },
        list: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              a: { type: 'string', default: 'x' },
              b: { type: 'object', default: {}, properties: { c: { type: 'integer', default: 1 } } },
            },
          },
        },
        map: {
          type: 'object',
          additionalProperties: { type: 'object', properties: { a: { type: 'string', default: 'x' } } },
        },
        port: { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
        one: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'string' } },
          oneOf: [{ required: ['a'] }, { required: ['b'] }],
        },
      }),
    );
  });

  it('inside of another has metadata, and says what it is', async () => {
    const fields = {
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { labels: { a: 'b' }, odd: 1 }, anything: { goes: true } },
      strict: { apiVersion: 'v1', kind: 'X', metadata: { name: 'n' }, spec: { a: 'x', odd: 1 }, odd: 2 },
    };
    const made = await api.post(path('things'), object('things', 'embedded', fields));
    expect(made.body).toMatchObject({
      template: { metadata: { labels: { a: 'b' } }, anything: { goes: true } },
      strict: { apiVersion: 'v1', kind: 'X', metadata: { name: 'n' }, spec: { a: 'x' } },
    });
    const { metadata: _, ...rest } = made.body;
    expect(JSON.stringify(rest)).not.toContain('odd');
    for (const name of ['template.metadata.odd', 'strict.spec.odd', 'strict.odd'])
      expect(made.headers['warning']).toContain(`unknown field \\"${name}\\"`);
    const refused = await api.post(path('things'), object('things', 'nameless', { template: { kind: 'Pod' } }));
    expect(status(refused).message).toContain('template.apiVersion: Required value: must not be empty');
  });

  it('keeps what nobody declared where that is preserved, but not below what is declared', async () => {
    const made = await api.create(
      path('things'),
      object('things', 'kept', { kept: { odd: { a: 1 }, known: { odd: 1 } } }),
    );
    expect(made).toMatchObject({ kept: { odd: { a: 1 }, known: { a: 'x' } } });
    expect(JSON.stringify(made)).not.toContain('"known":{"odd"');
  });

  it('gets defaults in elements, in entries, and in defaults', async () => {
    expect(
      await api.create(path('things'), object('things', 'deep', { list: [{}, { b: { c: 2 } }], map: { one: {} } })),
    ).toMatchObject({
      list: [
        { a: 'x', b: { c: 1 } },
        { a: 'x', b: { c: 2 } },
      ],
      map: { one: { a: 'x' } },
    });
  });

  it.each([
    [{ port: 80 }, 201],
    [{ port: 'http' }, 201],
    [{ port: 1.5 }, 422],
    [{ one: { a: 'x' } }, 201],
    [{ one: {} }, 422],
    [{ one: { a: 'x', b: 'y' } }, 422],
  ])('%j is answered %i', async (fields, code) => {
    expect((await api.post(`${path('things')}?dryRun=All`, object('things', 'choice', fields))).code).toBe(code);
  });

  it('from before a schema is read as if it had always been', async () => {
    await api.create(CRDS, definition('olds', { a: { type: 'string' }, gone: { type: 'string' } }));
    await api.create(path('olds'), object('olds', 'o', { a: 'x', gone: 'y' }));
    const { body } = await api.get(`${CRDS}/olds.schema.example.com`);
    body.spec.versions[0].schema.openAPIV3Schema.properties = {
      a: { type: 'string' },
      fresh: { type: 'integer', default: 3 },
    } as never;
    expect((await api.put(`${CRDS}/olds.schema.example.com`, body)).code).toBe(200);
    const read = (await api.get(`${path('olds')}/o`)).body as unknown as Record<string, unknown>;
    expect([read['a'], read['fresh'], read['gone']]).toEqual(['x', 3, undefined]);
    const { items } = (await api.get(path('olds'))).body as unknown as { items: Record<string, unknown>[] };
    expect(items[0]).toMatchObject({ fresh: 3 });
  });
});
