// Events are one kind of object under two names, and `kubectl describe` finds those of an object by fields.
import { expect, it } from 'vitest';
import { bench } from '../support/bench.js';
import { target } from '../support/target.js';

const api = bench('events');
const { EVENTS, NEW_EVENTS } = api.paths;

const event = (name: string, regarding: string, extra: object = {}): object => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name },
  eventTime: '2025-01-01T00:00:00.000000Z',
  reportingController: 'example.com/test',
  reportingInstance: 'test-0',
  action: 'Test',
  reason: 'Tested',
  type: 'Normal',
  note: 'It was tested',
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace: api.namespace, name: regarding, uid: `${target.run}-uid` },
  ...extra,
});

it('an event is the same object under both groups', async () => {
  await api.create(NEW_EVENTS, event('both', 'web-0'));
  expect((await api.get(`${EVENTS}/both`)).body).toMatchObject({
    apiVersion: 'v1',
    kind: 'Event',
    message: 'It was tested',
    involvedObject: { kind: 'Pod', name: 'web-0' },
    reportingComponent: 'example.com/test',
  });
  await api.merge(`${EVENTS}/both`, { count: 3 });
  expect((await api.get(`${NEW_EVENTS}/both`)).body).toMatchObject({ note: 'It was tested', deprecatedCount: 3 });
});

it('the events of an object are selected by its fields', async () => {
  await api.create(NEW_EVENTS, event('found', 'web-1'));
  await api.create(NEW_EVENTS, event('other', 'web-2'));
  const selector = encodeURIComponent(`involvedObject.name=web-1,involvedObject.uid=${target.run}-uid,reason=Tested`);
  const { items } = (await api.get(`${EVENTS}?fieldSelector=${selector}`)).body;
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['found']);
});

it('a field that events cannot be selected by is refused', async () => {
  const answer = await api.get(`${EVENTS}?fieldSelector=message%3Dx`);
  expect(answer.code).toBe(400);
  expect(answer.body.message).toContain('message');
});

it('an event of events.k8s.io needs eventTime, controller, instance, action and reason', async () => {
  for (const field of ['reportingController', 'reportingInstance', 'action', 'reason', 'eventTime'])
    expect((await api.post(NEW_EVENTS, event('lacking', 'web-0', { [field]: undefined }))).code, field).toBe(422);
});

it('an event of the old kind belongs into the namespace of what it is about', async () => {
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' };
  const abroad = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'abroad' }, involvedObject, reason: 'Tested' };
  expect((await api.post(EVENTS, abroad)).code).toBe(422);
  expect((await api.post(NEW_EVENTS, event('at-home', 'p'))).code).toBe(201);
});
