// x-kubernetes-validations: rules that hold, when, and what is said of objects and schemas that break them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiObject } from '../json.js';
import { status, TestServer, type Answer } from '../testing/http.js';
import { CRDS } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  await api.create(CRDS, definition('disks', 'Disk', schema));
});
afterAll(() => api.stop());

const DISKS = '/apis/rules.example.com/v1/namespaces/default/disks';

const schema = {
  type: 'object',
  'x-kubernetes-validations': [{ rule: 'self.metadata.name.size() < 20', message: 'the name is too long' }],
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-validations': [
        { rule: 'self.min <= self.max', message: 'min is above max', fieldPath: '.min', reason: 'FieldValueForbidden' },
        { rule: '!has(self.class) || self.class != "tape"', messageExpression: '"not on " + self.class' },
        { rule: '!has(oldSelf.class) || has(self.class)', message: 'a class cannot be taken away' },
      ],
      properties: {
        min: { type: 'integer', default: 1 },
        max: { type: 'integer', default: 10 },
        class: {
          type: 'string',
          'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'a class cannot be changed' }],
        },
        // Only with this once it is there, and it may be missing at first.
        seal: {
          type: 'string',
          'x-kubernetes-validations': [
            { rule: 'oldSelf.hasValue() || self == "open"', optionalOldSelf: true, message: 'starts open' },
          ],
        },
        mounts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['path'],
          maxItems: 10,
          items: {
            type: 'object',
            required: ['path'],
            properties: {
              path: { type: 'string', maxLength: 50, 'x-kubernetes-validations': [{ rule: 'self.startsWith("/")' }] },
              mode: { type: 'string', maxLength: 50, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
            },
          },
        },
        quotas: {
          type: 'object',
          maxProperties: 10,
          additionalProperties: {
            type: 'string',
            maxLength: 20,
            'x-kubernetes-validations': [{ rule: 'quantity(self).sign() == 1', message: 'must be more than nothing' }],
          },
        },
        numbers: { type: 'array', items: { type: 'integer' }, 'x-kubernetes-validations': [{ rule: 'self[0] == 1' }] },
        code: { type: 'string', maxLength: 40 },
      },
    },
    status: {
      type: 'object',
      properties: { used: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf' }] } },
    },
  },
};

function definition(plural: string, kind: string, openAPIV3Schema: object): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.rules.example.com` },
    spec: {
      group: 'rules.example.com',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [
        { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema } },
      ],
    },
  };
}

const disk = (name: string, spec: object = {}): object => ({
  apiVersion: 'rules.example.com/v1',
  kind: 'Disk',
  metadata: { name },
  spec,
});

const causes = (answer: Answer): unknown[] => {
  expect(answer.code, JSON.stringify(answer.body)).toBe(422);
  return (status(answer).details?.causes ?? []).map(({ field, message }) => [field, message]);
};

describe('a new object', () => {
  it.each([
    ['a-name-that-goes-on-and-on', {}, '', 'Invalid value: "object": the name is too long'],
    ['d', { min: 5, max: 4 }, 'spec.min', 'Forbidden: min is above max'],
    ['d', { class: 'tape' }, 'spec', 'Invalid value: "object": not on tape'],
    ['d', { seal: 'shut' }, 'spec.seal', 'Invalid value: "string": starts open'],
    [
      'd',
      { mounts: [{ path: '/a' }, { path: 'b' }] },
      'spec.mounts[1].path',
      'Invalid value: "string": failed rule: self.startsWith("/")',
    ],
    ['d', { quotas: { cpu: '0' } }, 'spec.quotas[cpu]', 'Invalid value: "string": must be more than nothing'],
    [
      'd',
      { quotas: { cpu: 'much' } },
      'spec.quotas[cpu]',
      /^Invalid value: "string": quantities must match .* evaluating rule: must be more than nothing$/,
    ],
    ['d', { numbers: [] }, 'spec.numbers', /index out of bounds.* evaluating rule: self\[0\] == 1/],
  ])('%s %j', async (name, spec, field, message) => {
    const found = causes(await api.post(DISKS, disk(name, spec)));
    expect(found).toEqual([
      [field, typeof message === 'string' ? message : (expect.stringMatching(message) as string)],
    ]);
  });

  it('is not asked for what changes', async () => {
    await api.create(DISKS, disk('fresh', { class: 'ssd', mounts: [{ path: '/', mode: 'ro' }] }));
  });

  it('is not asked at all while its schema is broken', async () => {
    expect(causes(await api.post(DISKS, disk('d', { min: 'x', class: 'tape' })))).toEqual([
      ['spec.min', 'Invalid value: "string": spec.min in body must be of type integer: "string"'],
      [
        '<nil>',
        expect.stringContaining('some validation rules were not checked because the object was invalid') as string,
      ],
    ]);
  });

  it('is shown with the whole message', async () => {
    expect(status(await api.post(DISKS, disk('d', { class: 'tape' }))).message).toBe(
      'Disk.rules.example.com "d" is invalid: spec: Invalid value: "object": not on tape',
    );
  });
});

describe('a change', () => {
  beforeAll(async () => {
    await api.create(
      DISKS,
      disk('old', { class: 'ssd', seal: 'open', mounts: [{ path: '/a', mode: 'ro' }, { path: '/b' }] }),
    );
  });
  const change = (spec: object): Promise<Answer> => api.merge(`${DISKS}/old?dryRun=All`, { spec });

  it('is compared with what was there', async () => {
    expect(causes(await change({ class: 'hdd' }))).toEqual([
      ['spec.class', 'Invalid value: "string": a class cannot be changed'],
    ]);
    expect(causes(await change({ class: null }))).toEqual([
      ['spec', 'Invalid value: "object": a class cannot be taken away'],
    ]);
    expect((await change({ max: 20 })).code).toBe(200);
    expect((await change({ seal: 'shut' })).code).toBe(200);
  });

  it('of an element of a keyed list is compared with that element', async () => {
    expect(
      (
        await change({
          mounts: [
            { path: '/b', mode: 'rw' },
            { path: '/a', mode: 'ro' },
          ],
        })
      ).code,
    ).toBe(200);
    expect(causes(await change({ mounts: [{ path: '/b' }, { path: '/a', mode: 'rw' }] }))).toEqual([
      ['spec.mounts[1].mode', 'Invalid value: "string": failed rule: self == oldSelf'],
    ]);
  });

  it('of the status obeys as well, and so do apply and update', async () => {
    expect((await api.merge(`${DISKS}/old/status`, { status: { used: 3 } })).code).toBe(200);
    expect(causes(await api.merge(`${DISKS}/old/status`, { status: { used: 2 } }))).toHaveLength(1);
    expect(causes(await api.apply(`${DISKS}/old`, disk('old', { class: 'hdd' }), 'me', true))).toHaveLength(1);
  });
});

it('leaves alone what was there before a stricter schema, as long as it is not touched', async () => {
  const strict = structuredClone(schema) as unknown as { properties: { spec: { properties: Record<string, object> } } };
  await api.create(CRDS, definition('tapes', 'Tape', schema));
  const tapes = DISKS.replace('disks', 'tapes');
  await api.create(tapes, { ...disk('reel', { code: 'long-code', numbers: [1, 2] }), kind: 'Tape' });
  strict.properties.spec.properties['code'] = { type: 'string', maxLength: 4 };
  strict.properties.spec.properties['numbers'] = {
    type: 'array',
    items: { type: 'integer' },
    'x-kubernetes-validations': [{ rule: 'self.sum() < 2' }],
  };
  expect((await api.merge(`${CRDS}/tapes.rules.example.com`, { spec: { versions: [version(strict)] } })).code).toBe(
    200,
  );
  expect((await api.merge(`${tapes}/reel`, { spec: { max: 11 } })).code).toBe(200);
  expect(causes(await api.merge(`${tapes}/reel`, { spec: { code: 'other-code' } }))).toEqual([
    ['spec.code', 'Too long: may not be more than 4 bytes'],
    ['<nil>', expect.anything()],
  ]);
  expect(causes(await api.merge(`${tapes}/reel`, { spec: { numbers: [1, 3] } }))).toHaveLength(1);
});

const version = (openAPIV3Schema: object): object => ({
  name: 'v1',
  served: true,
  storage: true,
  subresources: { status: {} },
  schema: { openAPIV3Schema },
});

describe('a schema', () => {
  const rule = (given: object, extra: object = {}): object => ({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: { size: { type: 'integer' } },
        ...extra,
        'x-kubernetes-validations': [given],
      },
    },
  });
  const place = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]';

  it.each([
    [{ rule: 'self.sise > 0' }, `${place}.rule`, "undefined field 'sise'\n | self.sise > 0\n | .....^"],
    [{ rule: 'self.size' }, `${place}.rule`, 'cel expression must evaluate to a bool'],
    [{ rule: 'self.size > ' }, `${place}.rule`, 'Syntax error'],
    [{ rule: ' ' }, `${place}.rule`, 'Required value: rule is not specified'],
    [{ rule: 'true', messageExpression: 'self.size' }, `${place}.messageExpression`, 'must evaluate to a string'],
    [{ rule: 'true', message: 'a\nb' }, `${place}.message`, 'must not contain line breaks'],
    [{ rule: 'true &&\ntrue' }, `${place}.message`, 'message must be specified if rule contains line breaks'],
    [{ rule: 'true', reason: 'Mood' }, `${place}.reason`, 'Unsupported value: "Mood"'],
    [{ rule: 'true', fieldPath: '.nowhere' }, `${place}.fieldPath`, 'does not refer to a valid field'],
    [
      { rule: 'true', optionalOldSelf: true },
      `${place}.optionalOldSelf`,
      'may not be set if oldSelf is not used in rule',
    ],
  ])('with %j is refused', async (given, field, message) => {
    const [first] = causes(await api.post(CRDS, definition('bad', 'Bad', rule(given))));
    expect(first).toEqual([field, expect.stringContaining(message) as string]);
  });

  it('that was taken stays, whatever its rules are thought to cost by now', async () => {
    const dear = { rule: 'self.names.all(a, self.names.exists(b, a != b))' };
    const names = { type: 'array', items: { type: 'string' } };
    const schema = rule(dear, { properties: { names } });
    const [first] = causes(await api.post(CRDS, definition('dears', 'Dear', schema)));
    expect(first).toEqual([`${place}.rule`, expect.stringContaining('exceeds budget by factor of more than 100x')]);
    await api.create(CRDS, definition('dears', 'Dear', rule({ rule: 'true' }, { properties: { names } })));
    // As an older server let it in.
    const { store } = api.server.context;
    const storage = 'apiextensions.k8s.io/customresourcedefinitions';
    const stored = store.get(storage, 'dears.rules.example.com');
    const spec = { ...(stored?.['spec'] as object), versions: [version(schema)] };
    store.put(storage, 'dears.rules.example.com', { ...(stored as ApiObject), spec });
    const labelled = await api.merge(`${CRDS}/dears.rules.example.com`, { metadata: { labels: { a: 'b' } } });
    expect(labelled.code, JSON.stringify(labelled.body)).toBe(200);
  });

  it('may look back only where values have an identity', async () => {
    const items = { type: 'string', maxLength: 9, 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] };
    const nameless = rule({ rule: 'true' }, { properties: { list: { type: 'array', maxItems: 9, items } } });
    expect(causes(await api.post(CRDS, definition('bad', 'Bad', nameless)))).toEqual([
      [
        'spec.validation.openAPIV3Schema.properties[spec].properties[list].items.x-kubernetes-validations[0].rule',
        'Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[spec].properties[list]',
      ],
    ]);
  });
});
