import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { Callback, unreachable } from '../support/callback.js';
import { eventually } from '../support/eventually.js';

const api = bench('conversion');
const { CRDS } = api.paths;
const at = (version: string): string => `/apis/${api.group}/${version}/namespaces/${api.namespace}/lamps`;
const [OLD, NEW] = [`${api.group}/v1`, `${api.group}/v2`];

const reason = unreachable();
let callback: Callback | undefined;

/** v1 says `watts`, v2 says `power: { watts }`. */
function convert(object: { apiVersion: string; spec: Record<string, unknown> }, to: string): object {
  if (object.apiVersion === to) return object;
  const { watts } = (object.spec['power'] as { watts?: number } | undefined) ?? {
    watts: object.spec['watts'] as number,
  };
  return { ...object, apiVersion: to, spec: to === NEW ? { power: { watts } } : { watts } };
}

beforeAll(async () => {
  if (reason !== undefined) return;
  callback = await Callback.start();
  const clientConfig = callback.at('/convert', ({ objects, desiredAPIVersion }) => {
    const refused = objects.some(({ spec }) => spec['watts'] === 666);
    if (refused) return { result: { status: 'Failure', message: 'this lamp is too bright' } };
    return {
      result: { status: 'Success' },
      convertedObjects: objects.map((object) => convert(object, desiredAPIVersion)),
    };
  });
  const watts = { type: 'integer' };
  const version = (name: string, properties: object): object => ({
    name,
    served: true,
    storage: name === 'v2',
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
  });
  const versions = [version('v1', { watts }), version('v2', { power: { type: 'object', properties: { watts } } })];
  const webhook = { clientConfig, conversionReviewVersions: ['v1'] };
  await api.define(api.definition('lamps', 'Lamp', {}, { versions, conversion: { strategy: 'Webhook', webhook } }));
});
afterAll(async () => {
  if (reason !== undefined) return;
  // Deleting the objects asks the webhook once more.
  await api.delete(`${CRDS}/lamps.${api.group}`);
  await api.gone(`${CRDS}/lamps.${api.group}`);
  await callback?.stop();
});
beforeEach(({ skip }) => {
  if (reason !== undefined) skip(reason);
});

const lamp = (apiVersion: string, name: string, spec: object): object => ({
  apiVersion,
  kind: 'Lamp',
  metadata: { name, labels: { kept: 'yes' } },
  spec,
});

it('what is written in one version is read in the other', async () => {
  const { metadata } = await api.create(at('v1'), lamp(OLD, 'written', { watts: 40 }));
  const read = (await api.get(`${at('v2')}/written`)).body;
  expect(read).toMatchObject({ apiVersion: NEW, spec: { power: { watts: 40 } } });
  expect(read.metadata).toMatchObject({ uid: metadata.uid, labels: { kept: 'yes' } });
  expect((await api.get(`${at('v1')}/written`)).body).toMatchObject({ apiVersion: OLD, spec: { watts: 40 } });
});

it('a list is converted, and so is a watch', async () => {
  await api.create(at('v2'), lamp(NEW, 'listed', { power: { watts: 60 } }));
  const { items } = (await api.get(at('v1'))).body;
  expect(items.find((item) => item.metadata.name === 'listed')).toMatchObject({ apiVersion: OLD, spec: { watts: 60 } });
  const watch = await api.watch(`${at('v1')}?resourceVersion=0&fieldSelector=metadata.name%3Dlisted`);
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { apiVersion: OLD, spec: { watts: 60 } } });
  await api.merge(`${at('v2')}/listed`, { spec: { power: { watts: 75 } } });
  expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { apiVersion: OLD, spec: { watts: 75 } } });
  await api.delete(`${at('v2')}/listed`);
  expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { apiVersion: OLD, spec: { watts: 75 } } });
});

it('a patch, an update and a deletion are made in the version that they are sent to', async () => {
  const path = `${at('v1')}/changed`;
  await api.create(at('v2'), lamp(NEW, 'changed', { power: { watts: 10 } }));
  expect((await api.merge(path, { spec: { watts: 11 } })).body).toMatchObject({
    spec: { watts: 11 },
    metadata: { generation: 2 },
  });
  expect((await api.get(`${at('v2')}/changed`)).body.spec).toEqual({ power: { watts: 11 } });
  const { body } = await api.get(path);
  expect((await api.put(path, { ...body, spec: { watts: 12 } })).body.spec).toEqual({ watts: 12 });
  expect((await api.get(`${at('v2')}/changed`)).body.spec).toEqual({ power: { watts: 12 } });
  expect((await api.delete(path)).code).toBe(200);
});

it('server-side apply creates and changes an object in any version', async () => {
  await api.apply(`${at('v1')}/applied`, lamp(OLD, 'applied', { watts: 5 }), 'alice');
  const answer = await api.apply(`${at('v1')}/applied`, lamp(OLD, 'applied', { watts: 6 }), 'bob');
  expect(answer.code).toBe(409);
  expect(answer.body.message).toContain('conflict with "alice"');
  const { body } = await api.apply(`${at('v2')}/applied`, lamp(NEW, 'applied', { power: { watts: 6 } }), 'bob', true);
  expect(body.spec).toEqual({ power: { watts: 6 } });
});

it('a conversion that fails is an error that says so', async () => {
  const answer = await api.post(at('v1'), lamp(OLD, 'bright', { watts: 666 }));
  expect(answer.code).toBeGreaterThanOrEqual(400);
  expect(answer.body.message).toContain('this lamp is too bright');
});

it('the CRD says in which versions objects are stored', async () => {
  await eventually(async () =>
    expect((await api.get(`${CRDS}/lamps.${api.group}`)).body.status.storedVersions).toEqual(['v2']),
  );
});
