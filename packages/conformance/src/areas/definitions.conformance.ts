import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { succeeded, type Answer } from '../support/api.js';
import { eventually } from '../support/eventually.js';

const api = bench('definitions', { widgets: true });
const { CRDS, WIDGETS } = api.paths;

const causes = ({ body }: Answer): Record<string, string> =>
  Object.fromEntries(body.details.causes.map(({ field, message }) => [field, message]));

describe('validation', () => {
  it.each([
    [{ size: 0 }, 'spec.size', 'Invalid value: 0: spec.size in body should be greater than or equal to 1'],
    [{ size: 10 }, 'spec.size', 'Invalid value: 10: spec.size in body should be less than or equal to 9'],
    [{ size: 'big' }, 'spec.size', 'Invalid value: "string": spec.size in body must be of type integer: "string"'],
    [{ mode: 'odd' }, 'spec.mode', 'Unsupported value: "odd"'],
    [{ code: 'A' }, 'spec.code', 'Invalid value: "A": spec.code in body should match \'^[a-z]+$\''],
    [{ code: 'abcdef' }, 'spec.code', 'Too long: may not be '],
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
    [{ parts: [{ name: 'a' }, { name: 'a' }] }, 'spec.parts[1]', 'Duplicate value: '],
    [{ tags: ['x', 'x'] }, 'spec.tags[1]', 'Duplicate value: "x"'],
    [{ plain: [null] }, 'spec.plain[0]', 'Invalid value: "null": spec.plain[0] in body must be of type string: "null"'],
  ])('refuses %j with the path and the reason', async (spec, field, message) => {
    const answer = await api.post(WIDGETS, api.widget('invalid', spec));
    expect(answer.code).toBe(422);
    expect(answer.body).toMatchObject({
      reason: 'Invalid',
      details: { name: 'invalid', group: api.group, kind: 'Widget' },
    });
    // Beginnings: versions differ in how they go on.
    expect(causes(answer)[field]).toContain(message);
    expect(answer.body.message).toContain(`Widget.${api.group} "invalid" is invalid: `);
  });

  it('tells all that is wrong at once', async () => {
    const answer = await api.post(WIDGETS, { ...api.widget('all'), spec: { mode: 'odd', code: 'A' } });
    expect(Object.keys(causes(answer))).toEqual(expect.arrayContaining(['spec.code', 'spec.mode', 'spec.size']));
  });

  it('applies to updates, patches and the status as well', async () => {
    await api.create(WIDGETS, api.widget('valid'));
    expect((await api.merge(`${WIDGETS}/valid`, { spec: { size: 0 } })).code).toBe(422);
    expect((await api.merge(`${WIDGETS}/valid/status`, { status: { replicas: 'x' } })).code).toBe(422);
    expect((await api.get(`${WIDGETS}/valid`)).body.spec.size).toBe(1);
  });

  it('takes a null that is not allowed for nothing', async () => {
    const nulls = { code: null, limits: { a: null } };
    const answer = await api.post(`${WIDGETS}?fieldValidation=Strict`, api.widget('no-null', nulls));
    expect(answer.body.spec).toEqual({ size: 1, replicas: 1, limits: {} });
  });

  it('takes a null where the schema does', async () => {
    expect((await api.create(WIDGETS, api.widget('nullable', { note: null }))).spec.note).toBeNull();
  });
});

describe('defaults', () => {
  it('are filled in, deep down too', async () => {
    const { spec } = await api.create(
      WIDGETS,
      api.widget('defaulted', { parts: [{ name: 'a' }, { name: 'b', count: 3 }] }),
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
    expect((await api.create(WIDGETS, api.widget('defaulted-null', { replicas: null }))).spec.replicas).toBe(1);
  });
});

describe('unknown fields', () => {
  const stray = api.widget('stray', { odd: 1, parts: [{ name: 'a', odd: 2 }], free: { any: { thing: true } } });

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
    expect(answer.body.message).toContain(
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
    const answer = await api.post(`${WIDGETS}?fieldValidation=Strict`, api.widget('m', {}, { lables: {} }));
    expect(answer.body.message).toContain('unknown field "metadata.lables"');
  });
});

describe('a CustomResourceDefinition', () => {
  it('says when it is established, and under which names', async () => {
    const { status } = (await api.get(`${CRDS}/widgets.${api.group}`)).body;
    expect(status.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' }),
        expect.objectContaining({ type: 'Established', status: 'True', reason: 'InitialNamesAccepted' }),
      ]),
    );
    expect(status).toMatchObject({
      storedVersions: ['v1'],
      acceptedNames: { plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    });
  });

  it('whose names are taken waits until they are free', async () => {
    await api.define(api.definition('first', 'Same'));
    await api.create(CRDS, api.definition('second', 'Same'));
    const path = `/apis/${api.group}/v1/namespaces/${api.namespace}/second`;
    await eventually(async () => {
      const { status } = (await api.get(`${CRDS}/second.${api.group}`)).body;
      expect(status.conditions).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict' }),
          expect.objectContaining({ type: 'Established', status: 'False', reason: 'NotAccepted' }),
        ]),
      );
    });
    expect((await api.get(path)).code).toBe(404);
    await api.delete(`${CRDS}/first.${api.group}`);
    await api.established(`second.${api.group}`);
    await api.until(path, ({ code }) => code === 200);
    await api.delete(`${CRDS}/second.${api.group}`);
  });

  it.each([
    ['without a schema', { schema: {} }, 'spec.versions[0].schema.openAPIV3Schema', 'Required value'],
    [
      'with a field without a type',
      { schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } } },
      'openAPIV3Schema.properties[spec].type',
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
      'openAPIV3Schema.properties[a].x-kubernetes-list-map-keys',
      'Required value',
    ],
    [
      'with a broken pattern',
      { schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', pattern: '(' } } } } },
      'openAPIV3Schema',
      'Invalid value',
    ],
    [
      'without a storage version',
      { storage: false },
      'spec.versions',
      'must have exactly one version marked as storage version',
    ],
    [
      'with a column that is no path',
      { additionalPrinterColumns: [{ name: 'X', type: 'string', jsonPath: 'a' }] },
      'additionalPrinterColumns[0].JSONPath',
      'Invalid value: "a": must be a simple json path starting with .',
    ],
    [
      'with a column of nothing',
      { additionalPrinterColumns: [{ name: 'X', type: 'string', jsonPath: '' }] },
      'additionalPrinterColumns[0].JSONPath',
      'Required value',
    ],
    [
      'with a column of no known type',
      { additionalPrinterColumns: [{ name: 'X', type: 'text', jsonPath: '.a' }] },
      'additionalPrinterColumns[0].type',
      'Invalid value: "text": must be one of boolean,date,integer,number,string',
    ],
  ])('%s is refused', async (_what, version, path, message) => {
    const answer = await api.post(CRDS, api.definition('broken', 'Broken', version));
    expect(answer.code).toBe(422);
    // Under which path the schema is depends on how many versions share it.
    expect(answer.body.message).toContain(path);
    expect(answer.body.message).toContain(message);
  });

  it('is taken with a column that cannot be read, which is not shown, nor what comes after it', async () => {
    const column = (name: string, jsonPath: string): object => ({ name, type: 'string', jsonPath });
    const additionalPrinterColumns = [column('A', '.a'), column('B', '.a[?('), column('C', '.c')];
    await api.define(api.definition('blurs', 'Blur', { additionalPrinterColumns }));
    const { body } = await api.get(`/apis/${api.group}/v1/namespaces/${api.namespace}/blurs`, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect(body.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'A']);
    await api.delete(`${CRDS}/blurs.${api.group}`);
  });

  it('must be named after what it defines', async () => {
    const answer = await api.post(CRDS, { ...api.definition('named', 'Named'), metadata: { name: `x.${api.group}` } });
    expect(causes(answer)['metadata.name']).toContain('must be spec.names.plural+"."+spec.group');
  });

  it('that serves a version no more ends its watches, and knows its objects again when it does', async () => {
    const versions = (served: boolean): object => ({
      versions: ['v1', 'v2'].map((name) => ({
        name,
        served: name === 'v2' || served,
        storage: name === 'v2',
        schema: { openAPIV3Schema: { type: 'object' } },
      })),
    });
    const definition = `${CRDS}/faded.${api.group}`;
    await api.define(api.definition('faded', 'Faded', {}, versions(true)));
    const path = `/apis/${api.group}/v1/namespaces/${api.namespace}/faded`;
    await api.create(path, { apiVersion: `${api.group}/v1`, kind: 'Faded', metadata: { name: 'a' } });
    const { resourceVersion } = (await api.get(path)).body.metadata;
    const watch = await api.watch(`${path}?resourceVersion=${resourceVersion}`);
    await api.merge(definition, { spec: versions(false) });
    expect(await watch.rest()).toEqual([]);
    await api.gone(path);
    await api.merge(definition, { spec: versions(true) });
    await api.until(path, ({ code }) => code === 200);
    expect((await api.get(`${path}/a`)).code).toBe(200);
    await api.delete(definition);
  });

  it('may change while it serves', async () => {
    await eventually(async () => {
      const { body } = await api.get(`${CRDS}/widgets.${api.group}`);
      body.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties['extra'] = { type: 'string' };
      succeeded('PUT', await api.put(`${CRDS}/widgets.${api.group}`, body));
    });
    await eventually(async () => {
      const { body } = await api.post(`${WIDGETS}?dryRun=All`, api.widget('with-extra', { extra: 'yes' }));
      expect(body.spec.extra).toBe('yes');
    });
  });

  it('may serve several versions of the same objects, which differ in apiVersion only', async () => {
    const spec = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const versions = ['v1', 'v1beta1'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
    }));
    await api.define(api.definition('multis', 'Multi', {}, { versions }));
    const at = (version: string): string => `/apis/${api.group}/${version}/namespaces/${api.namespace}/multis`;
    const apiVersion = `${api.group}/v1beta1`;
    await api.create(at('v1beta1'), { apiVersion, kind: 'Multi', metadata: { name: 'm' }, spec: { a: 1 } });
    expect((await api.get(`${at('v1')}/m`)).body).toMatchObject({ apiVersion: `${api.group}/v1`, spec: { a: 1 } });
    expect((await api.get(at('v1beta1'))).body.items[0].apiVersion).toBe(apiVersion);
    await api.delete(`${CRDS}/multis.${api.group}`);
  });
});
