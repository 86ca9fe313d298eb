import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status, TestServer, type Answer } from '../testing/http.js';
import { CRDS, widget, widgetDefinition, WIDGETS } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  await api.create(CRDS, widgetDefinition());
});
afterAll(() => api.stop());

const causes = (answer: Answer): Record<string, string | undefined> =>
  Object.fromEntries(
    (status(answer).details?.causes ?? []).map(({ field = '', message }) => [field, message] as const),
  );

describe('validation', () => {
  it.each([
    [{ size: 0 }, 'spec.size', 'Invalid value: 0: spec.size in body should be greater than or equal to 1'],
    [{ size: 10 }, 'spec.size', 'Invalid value: 10: spec.size in body should be less than or equal to 9'],
    [{ size: 'big' }, 'spec.size', 'Invalid value: "string": spec.size in body must be of type integer: "string"'],
    [{ mode: 'odd' }, 'spec.mode', 'Unsupported value: "odd": supported values: "fast", "slow"'],
    [{ code: 'A' }, 'spec.code', 'Invalid value: "A": spec.code in body should match \'^[a-z]+$\''],
    [{ code: 'abcdef' }, 'spec.code', 'Too long: may not be more than 5 bytes'],
    [
      { port: true },
      'spec.port',
      'Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ],
    [
      { limits: { a: 'x' } },
      'spec.limits.a',
      'Invalid value: "string": spec.limits.a in body must be of type integer: "string"',
    ],
    [{ parts: [{ name: 'a' }, { count: 1 }] }, 'spec.parts[1].name', 'Required value'],
    [{ parts: [{ name: 'a' }, { name: 'a' }] }, 'spec.parts[1]', 'Duplicate value: {"name":"a"}'],
    [{ tags: ['x', 'x'] }, 'spec.tags[1]', 'Duplicate value: "x"'],
    [{ plain: [null] }, 'spec.plain[0]', 'Invalid value: "null": spec.plain[0] in body must be of type string: "null"'],
  ])('refuses %j with the path and the reason', async (spec, field, message) => {
    const answer = await api.post(WIDGETS, widget('invalid', spec));
    expect(answer.code).toBe(422);
    expect(status(answer)).toMatchObject({
      reason: 'Invalid',
      details: { name: 'invalid', group: 'example.com', kind: 'Widget' },
    });
    expect(causes(answer)).toMatchObject({ [field]: message });
    expect(status(answer).message).toContain(`Widget.example.com "invalid" is invalid: `);
  });

  it('tells all that is wrong at once', async () => {
    const answer = await api.post(WIDGETS, { ...widget('all'), spec: { mode: 'odd', code: 'A' } });
    expect(Object.keys(causes(answer)).sort()).toEqual(['spec.code', 'spec.mode', 'spec.size']);
  });

  it('applies to updates, patches and the status as well', async () => {
    await api.create(WIDGETS, widget('valid'));
    expect((await api.merge(`${WIDGETS}/valid`, { spec: { size: 0 } })).code).toBe(422);
    expect((await api.merge(`${WIDGETS}/valid/status`, { status: { replicas: 'x' } })).code).toBe(422);
    expect((await api.get(`${WIDGETS}/valid`)).body.spec.size).toBe(1);
  });

  it('takes a null that is not allowed for nothing', async () => {
    const answer = await api.post(
      `${WIDGETS}?fieldValidation=Strict`,
      widget('no-null', { code: null, limits: { a: null } }),
    );
    expect(answer.body.spec).toEqual({ size: 1, replicas: 1, limits: {} });
  });

  it('takes a null where the schema does', async () => {
    expect((await api.create(WIDGETS, widget('nullable', { note: null }))).spec.note).toBeNull();
  });
});

describe('defaults', () => {
  it('are filled in, deep down too', async () => {
    const { spec } = await api.create(
      WIDGETS,
      widget('defaulted', { parts: [{ name: 'a' }, { name: 'b', count: 3 }] }),
    );
    expect(spec).toEqual({
      size: 1,
      replicas: 1,
      parts: [
        { name: 'a', count: 1 },
        { name: 'b', count: 3 },
      ],
    });
  });

  it('stand in for a null that is not allowed', async () => {
    expect((await api.create(WIDGETS, widget('defaulted-null', { replicas: null }))).spec.replicas).toBe(1);
  });
});

describe('unknown fields', () => {
  const stray = widget('stray', { odd: 1, parts: [{ name: 'a', odd: 2 }], free: { any: { thing: true } } });

  it('are dropped with a warning, by default', async () => {
    const answer = await api.post(WIDGETS, stray);
    expect(answer.code).toBe(201);
    expect(answer.body.spec).toEqual({
      size: 1,
      replicas: 1,
      parts: [{ name: 'a', count: 1 }],
      free: { any: { thing: true } },
    });
    expect(answer.headers['warning']).toBe(
      '299 - "unknown field \\"spec.odd\\"", 299 - "unknown field \\"spec.parts[0].odd\\""',
    );
  });

  it('are refused with fieldValidation=Strict', async () => {
    const answer = await api.post(`${WIDGETS}?fieldValidation=Strict`, stray);
    expect(answer.code).toBe(400);
    expect(status(answer).message).toContain(
      'strict decoding error: unknown field "spec.odd", unknown field "spec.parts[0].odd"',
    );
  });

  it('are dropped silently with fieldValidation=Ignore', async () => {
    await api.delete(`${WIDGETS}/stray`);
    const answer = await api.post(`${WIDGETS}?fieldValidation=Ignore`, stray);
    expect(answer.code).toBe(201);
    expect(answer.headers['warning']).toBeUndefined();
  });

  it('in the metadata are unknown, too', async () => {
    const answer = await api.post(`${WIDGETS}?fieldValidation=Strict`, widget('m', {}, { lables: {} }));
    expect(status(answer).message).toContain('unknown field "metadata.lables"');
  });
});

describe('a CustomResourceDefinition', () => {
  const other = (plural: string, kind: string, version: object = {}): object => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, ...version },
      ],
    },
  });

  it('is established as soon as it is created, and served', async () => {
    const { body } = await api.get(`${CRDS}/widgets.example.com`);
    const conditions = body.status.conditions as { type: string; status: string; reason: string }[];
    expect(conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' },
      { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
    ]);
    expect(body.status).toMatchObject({
      storedVersions: ['v1'],
      acceptedNames: { plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    });
  });

  it('whose names are taken waits until they are free', async () => {
    await api.create(CRDS, other('first', 'Same'));
    const late = await api.create(CRDS, other('second', 'Same'));
    expect(late.status.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict' },
      { type: 'Established', status: 'False', reason: 'NotAccepted' },
    ]);
    const path = '/apis/example.com/v1/namespaces/default/second';
    expect((await api.get(path)).code).toBe(404);
    const watch = await api.watch(
      `${CRDS}?fieldSelector=metadata.name%3Dsecond.example.com&resourceVersion=${late.metadata.resourceVersion}`,
    );
    await api.delete(`${CRDS}/first.example.com`);
    await watch.next();
    expect((await api.get(path)).code).toBe(200);
  });

  it.each([
    [
      'without a schema',
      { schema: {} },
      'spec.versions[0].schema.openAPIV3Schema',
      'Required value: schemas are required',
    ],
    [
      'with a field without a type',
      { schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } } },
      'spec.validation.openAPIV3Schema.properties[spec].type',
      'Required value',
    ],
    [
      'with a keyed list without keys',
      {
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' } },
          },
        },
      },
      'spec.validation.openAPIV3Schema.properties[a].x-kubernetes-list-map-keys',
      'Required value',
    ],
    [
      'with a broken pattern',
      { schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', pattern: '(' } } } } },
      'spec.validation.openAPIV3Schema',
      'Invalid value',
    ],
    [
      'without a storage version',
      { storage: false },
      'spec.versions',
      'must have exactly one version marked as storage version',
    ],
    [
      'with a broken column',
      { additionalPrinterColumns: [{ name: 'X', type: 'string', jsonPath: '.a[?(' }] },
      'spec.versions[0].additionalPrinterColumns[0].jsonPath',
      'cannot read the JSON path',
    ],
  ])('%s is refused', async (_what, version, field, message) => {
    const answer = await api.post(CRDS, other('broken', 'Broken', version));
    expect(answer.code).toBe(422);
    expect(causes(answer)[field]).toContain(message);
  });

  it('must be named after what it defines', async () => {
    const answer = await api.post(CRDS, { ...other('named', 'Named'), metadata: { name: 'wrong.example.com' } });
    expect(causes(answer)['metadata.name']).toContain('must be spec.names.plural+"."+spec.group');
  });

  it('may change while it serves', async () => {
    const { body } = await api.get(`${CRDS}/widgets.example.com`);
    body.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties['extra'] = { type: 'string' };
    expect((await api.put(`${CRDS}/widgets.example.com`, body)).code).toBe(200);
    expect((await api.create(WIDGETS, widget('with-extra', { extra: 'yes' }))).spec.extra).toBe('yes');
  });

  it('may serve several versions of the same objects', async () => {
    await api.create(CRDS, {
      ...(other('multis', 'Multi') as { spec: object }),
      spec: {
        ...(other('multis', 'Multi') as { spec: object }).spec,
        versions: ['v1', 'v1beta1'].map((name) => ({
          name,
          served: true,
          storage: name === 'v1',
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          },
        })),
      },
    });
    const object = { apiVersion: 'example.com/v1beta1', kind: 'Multi', metadata: { name: 'm' }, spec: { a: 1 } };
    await api.create('/apis/example.com/v1beta1/namespaces/default/multis', object);
    const { body } = await api.get('/apis/example.com/v1/namespaces/default/multis/m');
    expect(body).toMatchObject({ apiVersion: 'example.com/v1', spec: { a: 1 } });
    const list = await api.get('/apis/example.com/v1beta1/namespaces/default/multis');
    expect(list.body.items[0].apiVersion).toBe('example.com/v1beta1');
  });
});

describe('the scale subresource', () => {
  it('reads and writes the replicas of a custom resource', async () => {
    await api.create(WIDGETS, widget('scaled', { replicas: 2 }));
    await api.merge(`${WIDGETS}/scaled/status`, { status: { replicas: 1 } });
    const { body } = await api.get(`${WIDGETS}/scaled/scale`);
    expect(body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 1 },
    });
    expect((await api.put(`${WIDGETS}/scaled/scale`, { ...body, spec: { replicas: 4 } })).body.spec.replicas).toBe(4);
    expect((await api.merge(`${WIDGETS}/scaled/scale`, { spec: { replicas: 5 } })).body.spec.replicas).toBe(5);
    const scaled = (await api.get(`${WIDGETS}/scaled`)).body;
    expect(scaled.spec.replicas).toBe(5);
    expect(scaled.metadata.generation).toBe(3);
  });

  it('minds the revision', async () => {
    await api.create(WIDGETS, widget('scaled-late'));
    const { body } = await api.get(`${WIDGETS}/scaled-late/scale`);
    await api.merge(`${WIDGETS}/scaled-late`, { spec: { size: 2 } });
    expect((await api.put(`${WIDGETS}/scaled-late/scale`, body)).code).toBe(409);
  });
});
