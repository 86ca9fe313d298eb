// Server-side apply of custom resources, as their schemas have maps and lists merge.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { status, TestServer, type Answer } from '../testing/http.js';
import { CRDS } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  const strings = { type: 'object', additionalProperties: { type: 'string' } };
  await api.create(CRDS, {
    metadata: { name: 'merges.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'merges', kind: 'Merge' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                granular: { ...strings, 'x-kubernetes-map-type': 'granular' },
                atomic: { ...strings, 'x-kubernetes-map-type': 'atomic' },
                struct: {
                  type: 'object',
                  'x-kubernetes-map-type': 'atomic',
                  properties: { a: { type: 'string' }, b: { type: 'string' } },
                },
                ports: {
                  type: 'array',
                  'x-kubernetes-list-type': 'map',
                  'x-kubernetes-list-map-keys': ['port', 'protocol'],
                  items: {
                    type: 'object',
                    required: ['port'],
                    properties: {
                      port: { type: 'integer' },
                      protocol: { type: 'string', default: 'TCP' },
                      name: { type: 'string' },
                    },
                  },
                },
                free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                replicas: { type: 'integer', default: 1 },
              },
            },
          },
        },
      ],
    },
  });
});
afterAll(() => api.stop());

const apply = (name: string, manager: string, fields: object, force = false, query = ''): Promise<Answer> =>
  api.apply(
    `/apis/example.com/v1/merges/${name}${query}`,
    { apiVersion: 'example.com/v1', kind: 'Merge', metadata: { name }, ...fields },
    manager,
    force,
  );
const body = (answer: Answer): Record<string, unknown> => answer.body as unknown as Record<string, unknown>;

it('granular maps merge by entry', async () => {
  await apply('granular', 'alice', { granular: { a: '1' } });
  expect(body(await apply('granular', 'bob', { granular: { b: '2' } }))['granular']).toEqual({ a: '1', b: '2' });
  expect(body(await apply('granular', 'alice', { granular: { c: '3' } }))['granular']).toEqual({ b: '2', c: '3' });
});

it.each(['atomic', 'struct'])('%s maps are one value, with one owner', async (kind) => {
  await apply(kind, 'alice', { [kind]: { a: '1' } });
  const refused = await apply(kind, 'bob', { [kind]: { b: '2' } });
  expect(refused.code).toBe(409);
  expect(status(refused).details?.causes).toMatchObject([{ field: `.${kind}`, message: 'conflict with "alice"' }]);
  expect(body(await apply(kind, 'bob', { [kind]: { b: '2' } }, true))[kind]).toEqual({ b: '2' });
});

it('keys that are left out have their default', async () => {
  await apply('ports', 'alice', { ports: [{ port: 80, name: 'web' }] });
  expect(body(await apply('ports', 'bob', { ports: [{ port: 80, protocol: 'UDP' }] }))['ports']).toEqual([
    { port: 80, protocol: 'TCP', name: 'web' },
    { port: 80, protocol: 'UDP' },
  ]);
  const refused = await apply('ports', 'bob', { ports: [{ port: 80, protocol: 'TCP', name: 'other' }] });
  expect(status(refused).message).toContain('.ports[port=80,protocol="TCP"].name');
});

it('what nobody declared merges by field, and its lists are whole', async () => {
  await apply('free', 'alice', { free: { a: { x: 1 }, list: [1] } });
  expect(body(await apply('free', 'bob', { free: { a: { y: 2 } } }))['free']).toEqual({ a: { x: 1, y: 2 }, list: [1] });
  expect((await apply('free', 'bob', { free: { list: [2] } })).code).toBe(409);
});

it('a dry run says what would be, conflicts included, and stores nothing', async () => {
  expect(body(await apply('dry', 'alice', { granular: { a: '1' } }, false, '?dryRun=All'))).toMatchObject({
    replicas: 1,
  });
  expect((await api.get('/apis/example.com/v1/merges/dry')).code).toBe(404);
  await apply('dry', 'alice', { granular: { a: '1' } });
  expect((await apply('dry', 'bob', { granular: { a: '2' } }, false, '?dryRun=All')).code).toBe(409);
  expect(body(await apply('dry', 'bob', { granular: { a: '2' } }, true, '?dryRun=All'))['granular']).toEqual({
    a: '2',
  });
  expect(body(await api.get('/apis/example.com/v1/merges/dry'))['granular']).toEqual({ a: '1' });
});
