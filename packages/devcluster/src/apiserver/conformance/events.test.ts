// Events are one kind of object under two names, and `kubectl describe` finds those of an object by fields.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestServer } from '../testing/http.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

it('lists the events of one object, whichever API they were recorded with', async () => {
  const made = await server.post('/apis/events.k8s.io/v1/namespaces/default/events', {
    metadata: { name: 'one' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'test',
    reportingInstance: 'test-0',
    action: 'Test',
    reason: 'Tested',
    type: 'Normal',
    note: 'It was tested',
    regarding: { kind: 'Pod', namespace: 'default', name: 'web-0', uid: 'u-1' },
  });
  expect(made.code).toBe(201);

  const events = '/api/v1/namespaces/default/events?fieldSelector=';
  const found = await server.get(`${events}${encodeURIComponent('involvedObject.name=web-0,involvedObject.uid=u-1')}`);
  expect(found.code).toBe(200);
  expect(found.body.items).toMatchObject([{ message: 'It was tested', involvedObject: { name: 'web-0' } }]);

  const others = await server.get(`${events}${encodeURIComponent('involvedObject.name=web-1')}`);
  expect(others.body.items).toEqual([]);
});

it('refuses a field that events cannot be selected by', async () => {
  const answer = await server.get('/api/v1/namespaces/default/events?fieldSelector=message%3Dx');
  expect(answer.code).toBe(400);
  expect(answer.body.message).toContain('message');
});
