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

it('an event of events.k8s.io is Normal or a Warning, and has nothing of the older fields', async () => {
  const wrong = {
    type: { type: 'Odd' },
    firstTimestamp: { deprecatedFirstTimestamp: '2025-01-01T00:00:00Z' },
    lastTimestamp: { deprecatedLastTimestamp: '2025-01-01T00:00:00Z' },
    count: { deprecatedCount: 1 },
    source: { deprecatedSource: { component: 'test' } },
    reason: { reason: 'r'.repeat(129) },
    message: { note: 'ä'.repeat(513) },
    reportingController: { reportingController: 'not a name' },
    'series.count': { series: { count: 1, lastObservedTime: '2025-01-01T00:00:00.000000Z' } },
  };
  for (const [field, extra] of Object.entries(wrong)) {
    const answer = await api.post(NEW_EVENTS, event('wrong', 'web-0', extra));
    expect(answer.code, field).toBe(422);
    expect(answer.body.details.causes.map((cause) => cause.field)).toContain(field);
  }
});

it('an event of events.k8s.io goes on as a series, and else stays as it is', async () => {
  await api.create(NEW_EVENTS, event('told', 'web-0'));
  const series = { count: 2, lastObservedTime: '2025-01-01T00:00:01.000000Z' };
  expect((await api.merge(`${NEW_EVENTS}/told`, { series })).code).toBe(200);
  const answer = await api.merge(`${NEW_EVENTS}/told`, { note: 'It was tested again' });
  expect(answer.code).toBe(422);
  expect(answer.body.message).toContain('message: Invalid value: "It was tested again": field is immutable');
});

it('an event without eventTime belongs into the namespace of what it is about', async () => {
  const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' };
  const old = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'abroad' }, reason: 'Tested', involvedObject };
  expect((await api.post(EVENTS, old)).code).toBe(422);
  expect((await api.post(NEW_EVENTS, event('abroad', 'p', { regarding: involvedObject }))).code).toBe(201);
});
