// What needs the clock of managedFields in hand, or the very words of one version of Kubernetes. All else about
// server-side apply is in `packages/conformance`, but for what schemas make of it: `apply-schemas.test.ts`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status, TestServer, type Answer } from '../testing/http.js';
import {
  configMap,
  CONFIGMAPS,
  CRDS,
  deployment,
  DEPLOYMENTS,
  widget,
  widgetDefinition,
  WIDGETS,
} from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
  // Times of managers have whole seconds: nothing may hide behind two writes in the same one.
  let seconds = 0;
  api.server.context.now = () => Date.now() + (seconds += 1) * 1000;
  await api.create(CRDS, widgetDefinition());
});
afterAll(() => api.stop());

interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1: object;
  time: string;
}

const managers = (answer: { body: { metadata: { managedFields?: Entry[] } } }): Record<string, object> =>
  Object.fromEntries(
    (answer.body.metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) => [
      `${manager} ${operation}${subresource === undefined ? '' : ` ${subresource}`}`,
      fieldsV1,
    ]),
  );

const container = (name: string, extra: object = {}): object => ({ name, image: `${name}:1`, ...extra });
const template = (name: string, ...containers: object[]): object => ({
  template: { metadata: { labels: { app: name } }, spec: { containers } },
});

it('an apply of a field that the schema does not have is refused in the words of a real server', async () => {
  const answer = await api.apply(`${WIDGETS}/odd`, widget('odd', { strange: 1 }), 'alice');
  expect(answer.code).toBe(500);
  expect(status(answer).message).toBe(
    'failed to create typed patch object (/odd; example.com/v1, Kind=Widget): .spec.strange: field not declared in schema',
  );
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
      widget('idle', { parts: [{ name: 'a' }], tags: ['x', 'y'], free: { deep: [1, 2] } }),
    ],
  ])('of %s is no write', async (_what, path, object) => {
    const first = await api.apply(path, object, 'alice');
    const watch = await api.watch(
      `${path.slice(0, path.lastIndexOf('/'))}?resourceVersion=${first.body.metadata.resourceVersion}`,
    );
    const second = await api.apply(path, object, 'alice');
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    expect(second.body.metadata.managedFields).toEqual(first.body.metadata.managedFields);
    await api.merge(path, { metadata: { labels: { marker: 'x' } } });
    expect((await watch.next())?.object.metadata.labels).toEqual({ marker: 'x' });
  });
});

describe('updates', () => {
  it('are dated by the last change of their manager', async () => {
    const timeOf = (answer: Answer, name: string): string | undefined =>
      answer.body.metadata.managedFields.find(({ manager }) => manager === name)?.time;
    const first = await api.apply(`${CONFIGMAPS}/dated`, configMap('dated', { a: '1' }), 'alice');
    const second = await api.merge(`${CONFIGMAPS}/dated`, { data: { b: '1' } });
    expect(timeOf(second, 'alice')).toBe(timeOf(first, 'alice'));
    const third = await api.apply(`${CONFIGMAPS}/dated`, configMap('dated', { a: '2' }), 'alice');
    expect(timeOf(third, 'alice')).not.toBe(timeOf(first, 'alice'));
    expect(timeOf(third, 'test')).toBe(timeOf(second, 'test'));
  });

  it('of the oldest managers beyond ten are merged', async () => {
    const path = `${CONFIGMAPS}/crowded`;
    await api.apply(path, configMap('crowded', { a: '1' }), 'alice');
    const { context } = api.server;
    const now = Date.now();
    for (let index = 0; index < 13; index += 1) {
      context.now = () => now + index * 1000;
      const options = {
        userAgent: `m${String(index).padStart(2, '0')}/1`,
        contentType: 'application/merge-patch+json',
      };
      await api.send('PATCH', path, { data: { [`k${index}`]: 'x' } }, options);
    }
    context.now = () => Date.now();
    const found = managers(await api.get(path));
    expect(Object.keys(found)).toEqual([
      'alice Apply',
      'ancient-changes Update',
      ...['04', '05', '06', '07', '08', '09', '10', '11', '12'].map((index) => `m${index} Update`),
    ]);
    expect(found['ancient-changes Update']).toEqual({ 'f:data': { 'f:k0': {}, 'f:k1': {}, 'f:k2': {}, 'f:k3': {} } });
  });
});
