import { describe, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { APPLY, type Answer } from '../support/api.js';
import type { Metadata } from '../support/body.js';
import { eventually } from '../support/eventually.js';
import { configMap, deployment } from '../support/objects.js';

const api = bench('apply', { widgets: true });
const { CONFIGMAPS, DEPLOYMENTS, WIDGETS } = api.paths;

/** Who owns what, of those that are part of the test: controllers write, too. */
const managers = ({ body }: Answer): Record<string, object> =>
  Object.fromEntries(
    ((body.metadata as Partial<Metadata>).managedFields ?? [])
      .filter(({ manager }) => !manager.startsWith('kube-') && !manager.startsWith('system:'))
      .map(({ manager, operation, subresource, fieldsV1 }) => [
        `${manager} ${operation}${subresource === undefined ? '' : ` ${subresource}`}`,
        fieldsV1,
      ]),
  );

const container = (name: string, extra: object = {}): object => ({ name, image: `${name}:1`, ...extra });
const template = (name: string, ...containers: object[]): object => ({
  template: { metadata: { labels: { app: name } }, spec: { containers } },
});

describe('the first apply', () => {
  it('creates, and owns exactly what it says', async () => {
    const answer = await api.apply(
      `${CONFIGMAPS}/fresh`,
      configMap('fresh', { a: '1' }, { labels: { l: 'x' } }),
      'alice',
    );
    expect(answer.code).toBe(201);
    expect(managers(answer)).toEqual({
      'alice Apply': { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } },
    });
  });

  it('owns no defaults', async () => {
    const answer = await api.apply(`${DEPLOYMENTS}/no-defaults`, deployment('no-defaults'), 'alice');
    expect(JSON.stringify(answer.body.spec)).toContain('"revisionHistoryLimit":10');
    expect(JSON.stringify(managers(answer))).not.toContain('f:revisionHistoryLimit');
  });

  it('needs a name for its manager', async () => {
    const answer = await api.send('PATCH', `${CONFIGMAPS}/nameless`, configMap('nameless'), { contentType: APPLY });
    expect(answer.code).toBe(422);
    expect(answer.body.message).toContain('fieldManager: Required value: is required for apply patch');
  });

  it('needs the name of its object', async () => {
    const answer = await api.apply(`${CONFIGMAPS}/unnamed`, { ...configMap('x'), metadata: {} }, 'alice');
    expect(answer.code).toBe(400);
    expect(answer.body.message).toContain('name must be provided');
  });

  it('is of the kind and version of its path', async () => {
    for (const wrong of [{ kind: 'Secret' }, { apiVersion: 'v2' }]) {
      const answer = await api.apply(`${CONFIGMAPS}/strange`, { ...configMap('strange'), ...wrong }, 'alice');
      expect(answer.code).toBe(400);
      expect(answer.body.message).toContain('invalid object type');
    }
  });

  it('must not carry managedFields', async () => {
    for (const managedFields of [[], [{ manager: 'x' }]])
      expect((await api.apply(`${CONFIGMAPS}/mf`, configMap('mf', {}, { managedFields }), 'alice')).code).toBe(400);
  });

  it('refuses fields that the schema does not have', async () => {
    for (const namespace of ['', api.namespace]) {
      const metadata = namespace === '' ? {} : { namespace };
      const answer = await api.apply(`${WIDGETS}/odd`, api.widget('odd', { strange: 1 }, metadata), 'alice');
      expect(answer.code).toBeGreaterThanOrEqual(400);
      expect(answer.body.message).toContain(
        `(${namespace}/odd; ${api.group}/v1, Kind=Widget): .spec.strange: field not declared in schema`,
      );
    }
  });

  it('refuses two elements of one key', async () => {
    const answer = await api.apply(
      `${WIDGETS}/dup`,
      api.widget('dup', { parts: [{ name: 'a' }, { name: 'a' }] }),
      'alice',
    );
    expect(answer.body.message).toContain('.spec.parts: duplicate entries for key [name="a"]');
  });
});

describe('an apply that changes nothing', () => {
  it.each([
    ['a ConfigMap', `${CONFIGMAPS}/idle`, configMap('idle', { a: '1' })],
    [
      'a Deployment',
      `${DEPLOYMENTS}/idle`,
      deployment(
        'idle',
        template('idle', container('a', { env: [{ name: 'X', value: '1' }], ports: [{ containerPort: 80 }] })),
      ),
    ],
    [
      'a custom resource',
      `${WIDGETS}/idle`,
      api.widget('idle', { parts: [{ name: 'a' }], tags: ['x', 'y'], free: { deep: [1, 2] } }),
    ],
  ])('of %s is no write', async (_what, path, object) => {
    await api.apply(path, object, 'alice');
    // Controllers have their say first, and may have more than one.
    await eventually(async () => {
      const before = (await api.get(path)).body.metadata;
      const after = (await api.apply(path, object, 'alice')).body.metadata;
      expect(after.resourceVersion).toBe(before.resourceVersion);
      expect(after.managedFields).toEqual(before.managedFields);
    });
  });
});

describe('conflicts', () => {
  it('name the managers and the fields, and change nothing', async () => {
    await api.apply(`${CONFIGMAPS}/fought`, configMap('fought', { a: '1', b: '1' }), 'alice');
    const answer = await api.apply(`${CONFIGMAPS}/fought`, configMap('fought', { a: '2', b: '2' }), 'bob');
    expect(answer.code).toBe(409);
    expect(answer.body).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 2 conflicts: conflicts with "alice":\n- .data.a\n- .data.b',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.a' },
          { reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.b' },
        ],
      },
    });
    expect((await api.get(`${CONFIGMAPS}/fought`)).body.data).toEqual({ a: '1', b: '1' });
  });

  it('with an update name its manager and version', async () => {
    await api.apply(`${DEPLOYMENTS}/patched`, deployment('patched', { revisionHistoryLimit: 1 }), 'alice');
    await api.merge(`${DEPLOYMENTS}/patched?fieldManager=mallory`, { spec: { revisionHistoryLimit: 5 } });
    const answer = await api.apply(
      `${DEPLOYMENTS}/patched`,
      deployment('patched', { revisionHistoryLimit: 1 }),
      'alice',
    );
    expect(answer.body.message).toBe(
      'Apply failed with 1 conflict: conflict with "mallory" using apps/v1: .spec.revisionHistoryLimit',
    );
  });

  it('inside of keyed lists are told by key', async () => {
    await api.apply(`${DEPLOYMENTS}/keyed`, deployment('keyed', template('keyed', container('main'))), 'alice');
    const answer = await api.apply(
      `${DEPLOYMENTS}/keyed`,
      deployment('keyed', template('keyed', container('main', { image: 'other' }))),
      'bob',
    );
    expect(answer.body.details?.causes).toMatchObject([{ field: '.spec.template.spec.containers[name="main"].image' }]);
  });

  it('yield to force, which takes the fields over', async () => {
    await api.apply(`${CONFIGMAPS}/forced`, configMap('forced', { a: '1', b: '1' }), 'alice');
    const answer = await api.apply(`${CONFIGMAPS}/forced`, configMap('forced', { a: '2' }), 'bob', true);
    expect(answer.code).toBe(200);
    expect(answer.body.data).toEqual({ a: '2', b: '1' });
    expect(managers(answer)).toEqual({
      'alice Apply': { 'f:data': { 'f:b': {} } },
      'bob Apply': { 'f:data': { 'f:a': {} } },
    });
  });

  it('are none when both want the same', async () => {
    await api.apply(`${CONFIGMAPS}/shared`, configMap('shared', { a: '1' }), 'alice');
    const answer = await api.apply(`${CONFIGMAPS}/shared`, configMap('shared', { a: '1' }), 'bob');
    expect(answer.code).toBe(200);
    // Who changed nothing but who owns what has no time, and so comes first.
    expect(Object.keys(managers(answer))).toEqual(['bob Apply', 'alice Apply']);
    expect(answer.body.metadata.managedFields.map(({ time }) => typeof time)).toEqual(['undefined', 'string']);
    // Now neither can change it alone, and the field stays until both have let go of it.
    expect((await api.apply(`${CONFIGMAPS}/shared`, configMap('shared', { a: '2' }), 'alice')).code).toBe(409);
    expect((await api.apply(`${CONFIGMAPS}/shared`, configMap('shared'), 'alice')).body.data).toEqual({ a: '1' });
    expect((await api.apply(`${CONFIGMAPS}/shared`, configMap('shared'), 'bob')).body.data ?? {}).toEqual({});
  });
});

describe('what is not applied any more', () => {
  it('goes, if nobody else owns it', async () => {
    await api.apply(`${CONFIGMAPS}/shrinks`, configMap('shrinks', { a: '1', b: '1' }, { labels: { x: 'y' } }), 'alice');
    await api.merge(`${CONFIGMAPS}/shrinks`, { data: { c: '1' } });
    const answer = await api.apply(`${CONFIGMAPS}/shrinks`, configMap('shrinks', { a: '1' }), 'alice');
    expect(answer.body.data).toEqual({ a: '1', c: '1' });
    expect(answer.body.metadata.labels).toBeUndefined();
    expect(answer.body.metadata.uid).toBeDefined();
  });

  it('goes by element from keyed lists', async () => {
    const full = template(
      'lists',
      container('a', {
        env: [
          { name: 'X', value: '1' },
          { name: 'Y', value: '1' },
        ],
      }),
      container('b'),
    );
    await api.apply(`${DEPLOYMENTS}/lists`, deployment('lists', full), 'alice');
    await api.apply(`${DEPLOYMENTS}/lists`, deployment('lists', template('lists', container('side'))), 'bob');
    const less = template('lists', container('a', { env: [{ name: 'Y', value: '1' }] }));
    const answer = await api.apply(`${DEPLOYMENTS}/lists`, deployment('lists', less), 'alice');
    const containers = answer.body.spec.template.spec.containers as { name: string; env?: { name: string }[] }[];
    expect(containers.map(({ name }) => name)).toEqual(['a', 'side']);
    expect(containers[0]?.env?.map(({ name }) => name)).toEqual(['Y']);
  });

  it('falls back to its default', async () => {
    await api.apply(`${WIDGETS}/falls`, api.widget('falls', { replicas: 5 }), 'alice');
    expect((await api.apply(`${WIDGETS}/falls`, api.widget('falls'), 'alice')).body.spec.replicas).toBe(1);
  });

  it('stays when an update owns it as well', async () => {
    await api.apply(`${CONFIGMAPS}/kept`, configMap('kept', { a: '1' }), 'alice');
    await api.merge(`${CONFIGMAPS}/kept`, { data: { a: '2' } });
    expect((await api.apply(`${CONFIGMAPS}/kept`, configMap('kept'), 'alice')).body.data).toEqual({ a: '2' });
  });
});

describe('lists', () => {
  it.each([
    ['env by name', { env: [{ name: 'A', value: '1' }] }, { env: [{ name: 'B', value: '2' }] }, 'env', 2],
    [
      'ports by number and protocol',
      { ports: [{ containerPort: 53 }] },
      { ports: [{ containerPort: 53, protocol: 'UDP' }] },
      'ports',
      2,
    ],
    [
      'ports, TCP being the default',
      { ports: [{ containerPort: 53 }] },
      { ports: [{ containerPort: 53, protocol: 'TCP' }] },
      'ports',
      1,
    ],
  ])('of containers merge: %s', async (_what, one, two, field, count) => {
    const name = `merge-${field}-${count}`;
    await api.apply(`${DEPLOYMENTS}/${name}`, deployment(name, template(name, container('c', one))), 'alice');
    const answer = await api.apply(
      `${DEPLOYMENTS}/${name}`,
      deployment(name, template(name, container('c', two))),
      'bob',
    );
    expect(answer.code).toBe(200);
    expect(answer.body.spec.template.spec.containers[0][field as 'env' | 'ports']).toHaveLength(count);
  });

  it('of conditions merge by type', async () => {
    await api.create(DEPLOYMENTS, deployment('conditions'));
    const condition = (type: string): object => ({
      ...deployment('conditions'),
      spec: undefined,
      status: { conditions: [{ type, status: 'True' }] },
    });
    await api.apply(`${DEPLOYMENTS}/conditions/status`, condition('Tested'), 'alice');
    const answer = await api.apply(`${DEPLOYMENTS}/conditions/status`, condition('Checked'), 'bob');
    expect(answer.body.status.conditions.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['Tested', 'Checked']),
    );
    expect(Object.keys(managers(answer))).toContain('bob Apply status');
  });

  it('of custom resources merge as their schema says: by key, as sets, or whole', async () => {
    await api.apply(
      `${WIDGETS}/lists`,
      api.widget('lists', { parts: [{ name: 'a', color: 'red' }], tags: ['x'], plain: ['p'] }),
      'alice',
    );
    const answer = await api.apply(
      `${WIDGETS}/lists`,
      api.widget('lists', { parts: [{ name: 'b' }, { name: 'a', count: 5 }], tags: ['y'] }),
      'bob',
    );
    expect(answer.body.spec).toMatchObject({
      parts: [
        { name: 'b', count: 1 },
        { name: 'a', color: 'red', count: 5 },
      ],
      tags: ['x', 'y'],
      plain: ['p'],
    });
    expect((await api.apply(`${WIDGETS}/lists`, api.widget('lists', { plain: ['q'] }), 'carol')).code).toBe(409);
  });

  it('that are applied empty have no owner, and go with their last element', async () => {
    const made = await api.apply(`${WIDGETS}/empty`, api.widget('empty', { tags: [], parts: [] }), 'alice');
    expect(made.body.spec).toMatchObject({ tags: [], parts: [] });
    expect(managers(made)).toEqual({ 'alice Apply': { 'f:spec': { 'f:size': {} } } });
    await api.apply(`${WIDGETS}/empty`, api.widget('empty', { tags: ['a'], parts: [{ name: 'a' }] }), 'alice');
    const { body } = await api.apply(`${WIDGETS}/empty`, api.widget('empty', { tags: [], parts: [] }), 'alice');
    expect(body.spec).toEqual({ size: 1, replicas: 1 });
  });

  it('have the order of who applies them; what is of others stays where it was', async () => {
    await api.apply(`${WIDGETS}/order`, api.widget('order', { tags: ['a', 'b', 'c'] }), 'alice');
    await api.apply(`${WIDGETS}/order`, api.widget('order', { tags: ['x', 'y', 'z'] }), 'bob');
    const { body } = await api.apply(`${WIDGETS}/order`, api.widget('order', { tags: ['c', 'a', 'b'] }), 'alice');
    expect(body.spec).toMatchObject({ tags: ['c', 'x', 'y', 'z', 'a', 'b'] });
  });
});

describe('updates', () => {
  it('are tracked by the program that made them, or the name it gives', async () => {
    await api.post(CONFIGMAPS, configMap('tracked', { a: '1' }), { userAgent: 'maker/1.0 (linux)' });
    await api.merge(`${CONFIGMAPS}/tracked?fieldManager=named`, { data: { b: '1' } });
    expect(Object.keys(managers(await api.get(`${CONFIGMAPS}/tracked`)))).toEqual(['maker Update', 'named Update']);
  });

  it('take over the fields that they change, and lose those that they remove', async () => {
    await api.apply(`${CONFIGMAPS}/taken`, configMap('taken', { a: '1', b: '1' }), 'alice');
    await api.merge(`${CONFIGMAPS}/taken`, { data: { a: '2', b: null, c: '1' } });
    expect(managers(await api.get(`${CONFIGMAPS}/taken`))).toEqual({
      'conformance Update': { 'f:data': { 'f:a': {}, 'f:c': {} } },
    });
  });

  it('are dated by the last change of their manager', async () => {
    const timeOf = (answer: Answer, name: string): string | undefined =>
      answer.body.metadata.managedFields.find(({ manager }) => manager === name)?.time;
    const first = await api.apply(`${CONFIGMAPS}/dated`, configMap('dated', { a: '1' }), 'alice');
    const second = await api.merge(`${CONFIGMAPS}/dated`, { data: { b: '1' } });
    expect(timeOf(second, 'alice')).toBe(timeOf(first, 'alice'));
    // Times have whole seconds.
    let round = 1;
    await eventually(async () => {
      const third = await api.apply(`${CONFIGMAPS}/dated`, configMap('dated', { a: String((round += 1)) }), 'alice');
      expect(timeOf(third, 'alice')).not.toBe(timeOf(first, 'alice'));
      expect(timeOf(third, 'conformance')).toBe(timeOf(second, 'conformance'));
    });
  });

  it('of the status are tracked apart', async () => {
    await api.apply(`${WIDGETS}/apart`, api.widget('apart'), 'alice');
    await api.merge(`${WIDGETS}/apart/status`, { status: { replicas: 1 } });
    expect(managers(await api.get(`${WIDGETS}/apart`))).toMatchObject({
      'alice Apply': { 'f:spec': { 'f:size': {} } },
      'conformance Update status': { 'f:status': { 'f:replicas': {} } },
    });
  });

  it('that only take away are not dated, and own nothing by it', async () => {
    await api.apply(`${CONFIGMAPS}/taker`, configMap('taker', { a: '1', b: '1' }), 'alice');
    const { body } = await api.merge(`${CONFIGMAPS}/taker?fieldManager=bob`, { data: { b: null } });
    expect(body.metadata.managedFields.map(({ manager }) => manager)).toEqual(['alice']);
  });

  it('of what has no owner leave it so', async () => {
    await api.create(CONFIGMAPS, configMap('nobodys', { a: '1' }));
    await api.merge(`${CONFIGMAPS}/nobodys`, { metadata: { managedFields: [{}] } });
    const { body } = await api.merge(`${CONFIGMAPS}/nobodys`, { data: { b: '1' } });
    expect(body.metadata.managedFields).toBeUndefined();
  });

  it('may rewrite managedFields, or clear them', async () => {
    await api.apply(`${CONFIGMAPS}/cleared`, configMap('cleared', { a: '1' }), 'alice');
    const cleared = await api.merge(`${CONFIGMAPS}/cleared`, { metadata: { managedFields: [{}] } });
    expect(cleared.body.metadata.managedFields).toBeUndefined();
    const answer = await api.apply(`${CONFIGMAPS}/cleared`, configMap('cleared', { b: '1' }), 'bob');
    expect(Object.keys(managers(answer))).toEqual(['bob Apply', 'before-first-apply Update']);
  });
});

it('an apply with a revision is refused when the object has changed', async () => {
  const first: Answer = await api.apply(`${CONFIGMAPS}/locked`, configMap('locked', { a: '1' }), 'alice');
  await api.merge(`${CONFIGMAPS}/locked`, { data: { b: '1' } });
  const { resourceVersion } = first.body.metadata;
  const answer = await api.apply(`${CONFIGMAPS}/locked`, configMap('locked', { a: '2' }, { resourceVersion }), 'alice');
  expect(answer.code).toBe(409);
  expect(answer.body.message).toContain('the object has been modified');
});

it('an apply with the first revision of all makes what is not there, and leaves alone what is', async () => {
  const only = (data: Record<string, string>) => configMap('only-new', data, { resourceVersion: '1' });
  const made: Answer = await api.apply(`${CONFIGMAPS}/only-new`, only({ a: '1' }), 'alice');
  expect(made.code).toBe(201);
  const again = await api.apply(`${CONFIGMAPS}/only-new`, only({ b: '1' }), 'bob', true);
  expect(again.code).toBe(409);
  expect((await api.get(`${CONFIGMAPS}/only-new`)).body).toEqual(made.body);
});

it('an apply with a uid changes the object of that uid, and no other', async () => {
  const uid = '11111111-1111-1111-1111-111111111111';
  const missing = await api.apply(`${CONFIGMAPS}/of-uid`, configMap('of-uid', { a: '1' }, { uid }), 'alice');
  expect(missing.code).toBe(409);
  const made: Answer = await api.apply(`${CONFIGMAPS}/of-uid`, configMap('of-uid', { a: '1' }), 'alice');
  const other = await api.apply(`${CONFIGMAPS}/of-uid`, configMap('of-uid', { a: '2' }, { uid }), 'alice');
  expect(other.code).toBe(422);
  const own = { uid: made.body.metadata.uid };
  expect((await api.apply(`${CONFIGMAPS}/of-uid`, configMap('of-uid', { a: '2' }, own), 'alice')).code).toBe(200);
});

it('an apply of the status writes nothing else', async () => {
  await api.create(WIDGETS, api.widget('just-status'));
  const answer = await api.apply(
    `${WIDGETS}/just-status/status`,
    { ...api.widget('just-status', { size: 9 }, { labels: { a: 'b' } }), status: { replicas: 3 } },
    'alice',
  );
  expect(answer.body).toMatchObject({ spec: { size: 1 }, status: { replicas: 3 } });
  expect(answer.body.metadata.labels).toBeUndefined();
  expect(managers(answer)).toMatchObject({ 'alice Apply status': { 'f:status': { 'f:replicas': {} } } });
});

describe('of an empty set or keyed list', () => {
  const apply = async (spec: object, manager = 'alice', force = false): Promise<Answer> => {
    const answer = await api.apply(`${WIDGETS}/emptied`, api.widget('emptied', spec), manager, force);
    expect(answer.code, answer.text).toBeLessThan(300);
    return answer;
  };
  const full = { tags: ['x'], parts: [{ name: 'a' }], plain: ['p'], limits: { cpu: 1 } };
  const empty = { tags: [], parts: [], plain: [], limits: {} };

  it('nobody owns anything', async () => {
    const answer = await apply(empty);
    expect(answer.body.spec).toMatchObject(empty);
    expect(managers(answer)).toEqual({
      'alice Apply': { 'f:spec': { 'f:limits': {}, 'f:plain': {}, 'f:size': {} } },
    });
    await api.delete(`${WIDGETS}/emptied`);
  });

  it('nothing is left when its elements go', async () => {
    await apply(full);
    const { body } = await apply(empty);
    expect(body.spec).toMatchObject({ plain: [], limits: {} });
    expect(body.spec).not.toHaveProperty('tags');
    expect(body.spec).not.toHaveProperty('parts');
    await api.delete(`${WIDGETS}/emptied`);
  });

  it('what others have in it stays', async () => {
    await apply(full);
    const { body } = await apply(empty, 'bob', true);
    expect(body.spec).toMatchObject({ ...full, parts: [{ name: 'a' }], plain: [] });
    await api.delete(`${WIDGETS}/emptied`);
  });
});

it('an object whose managers are forgotten has none until somebody applies', async () => {
  await api.create(CONFIGMAPS, configMap('forgotten', { a: '1' }));
  const path = `${CONFIGMAPS}/forgotten`;
  expect((await api.merge(path, { metadata: { managedFields: [{}] } })).body.metadata.managedFields).toBeUndefined();
  expect((await api.merge(path, { data: { b: '1' } })).body.metadata.managedFields).toBeUndefined();
  const { body } = await api.get(path);
  const put = await api.put(path, { ...body, data: { ...body.data, c: '1' } });
  expect(put.body.metadata.managedFields).toBeUndefined();
  const applied: Answer = await api.apply(path, configMap('forgotten', { d: '1' }), 'alice');
  expect(managers(applied)).toEqual({
    'alice Apply': { 'f:data': { 'f:d': {} } },
    'before-first-apply Update': { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {}, 'f:c': {} } },
  });
});
