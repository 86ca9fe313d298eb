import { EndpointSlice } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { sample, sampleService, Sample } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

const probe = 'GET http://sample.ns.svc:8000/ @ 10.0.0.7';
const check = 'GET http://sample.ns.svc:8000/v2/things @ 10.0.0.7';
const login = 'POST http://keystone.ns.svc:5000/v3/auth/tokens?nocatalog @ 10.0.0.7';
const minute = 60_000;

let harness: ServiceHarness<Sample>;

/** What is asked at one look; at three, where it fails. */
async function look(after = 30_000): Promise<string[]> {
  harness.http.asked();
  await harness.later(after);
  return harness.http.asked();
}

/** Until the next attempt is due. */
async function retry(): Promise<void> {
  const { requeueAfter = 0 } = await harness.settle();
  await harness.clock.advance(requeueAfter);
  await harness.settle();
}

const endpointReady = () => harness.condition('EndpointReady');

beforeEach(() => {
  harness = new ServiceHarness(sampleService, { kinds: [Sample] });
});

describe('an API that is checked with a token', () => {
  it('is ready when it answers with and without one, through an address and by its name', async () => {
    await harness.standUp(sample());
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.http.asked()).toEqual([probe, login, check]);
  });

  it('costs two calls at a look, a token an hour, and no writes', async () => {
    await harness.standUp(sample());
    expect(await look()).toEqual([probe, check]);
    let asked: string[] = [];
    const writes = await harness.writesOf(async () => {
      for (let five = 0; five < 12; five++) asked = asked.concat(await look(5 * minute));
    });
    expect(asked.filter((call) => call === login)).toHaveLength(1);
    expect(asked.filter((call) => call === probe)).toHaveLength(12);
    expect(asked.filter((call) => call === check)).toHaveLength(12);
    expect(writes).toEqual([]);
  });

  it('is asked once more with a new token when it refuses the one that was kept', async () => {
    await harness.standUp(sample());
    harness.http.answer = ({ headers = {} }) => (headers['x-auth-token'] === 'token-1' ? 401 : 200);
    expect(await look()).toEqual([probe, check, login, check]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it.each([
    [401, 'The API refuses the token of user sample: /v2/things answered 401'],
    [403, 'The API does not let in user sample: /v2/things answered 403'],
  ])('that answers %i does not know whom Keystone knows, or not what for', async (status, message) => {
    await harness.standUp(sample());
    harness.http.answer = ({ url }) => (url.endsWith('/things') ? status : 200);
    await look();
    expect(endpointReady()).toMatchObject({ status: 'False', reason: 'AccessDenied', message });
    harness.http.answer = 200;
    await retry();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('that fails with a token does not answer, whatever it answers without one', async () => {
    await harness.standUp(sample());
    harness.http.answer = ({ url }) => (url.endsWith('/things') ? 500 : 200);
    await look();
    expect(endpointReady()).toMatchObject({
      reason: 'ApiUnreachable',
      message: 'The API does not answer: http://10.0.0.7:8000/v2/things answered 500 to user sample',
    });
    harness.http.answer = ({ url }) => (url.endsWith('/things') ? new Error('socket hang up') : 200);
    await retry();
    expect(endpointReady()?.message).toBe('The API does not answer: http://10.0.0.7:8000/v2/things: socket hang up');
  });

  it('is not asked for more when it does not answer at all', async () => {
    await harness.standUp(sample());
    harness.http.answer = new Error('connect ECONNREFUSED');
    expect(new Set(await look())).toEqual(new Set([probe]));
    expect(endpointReady()).toMatchObject({ reason: 'ApiUnreachable' });
  });
});

describe('an API with several endpoints', () => {
  it('is asked through the next one when one is silent, as on a node that is gone', async () => {
    await harness.standUp(sample({ replicas: 2 }));
    const silent = { addresses: ['10.0.0.1'], conditions: { ready: true } };
    const good = { addresses: ['10.0.0.2'], conditions: { ready: true } };
    await harness.edit(EndpointSlice, 'sample-1', { endpoints: [silent, good] });
    const heard = harness.http.hush('10.0.0.1');
    const settled = harness.settle();
    await heard;
    await harness.clock.advance(4_500);
    await settled;
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.http.asked().slice(-3)).toEqual([
      probe.replace('.7', '.1'),
      probe.replace('.7', '.2'),
      check.replace('.7', '.2'),
    ]);
  });
});

describe('a Keystone that is away', () => {
  const waitingFor = [
    { step: 'Endpoint', kind: 'Keystone', name: 'keystone', apiVersion: 'keystone.stackwright.dev/v1alpha1' },
  ];

  it('is what the service waits for while it gives no token, and no failure of its own', async () => {
    harness.http.login = new Error('connect ECONNREFUSED 10.0.0.7:5000');
    await harness.standUp(sample());
    expect(endpointReady()).toMatchObject({
      reason: 'WaitingForService',
      message: 'Waits for Keystone: http://keystone.ns.svc:5000 does not answer: connect ECONNREFUSED 10.0.0.7:5000',
    });
    expect(harness.object.status).toMatchObject({ waitingFor });
    expect(harness.events.filter(({ type }) => type === 'Warning')).toEqual([]);
    harness.http.login = undefined;
    await retry();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('is named when it is the service that cannot reach it', async () => {
    await harness.standUp(sample());
    const body = '{"message": "…<br />\\nThe Keystone service is temporarily unavailable.\\n"}';
    harness.http.answer = ({ url }) => (url.endsWith('/things') ? { status: 503, body } : 200);
    await look();
    expect(endpointReady()).toMatchObject({
      reason: 'WaitingForService',
      message: 'The API cannot reach Keystone (http://keystone.ns.svc:5000/v3): /v2/things answered 503',
    });
    expect(harness.object.status).toMatchObject({ waitingFor });
  });

  it('is named when it has no endpoint, and asked through the others when one has just died', async () => {
    await harness.standUp(sample());
    const keystones = async (...addresses: string[]) => {
      const endpoints = addresses.map((address) => ({ addresses: [address], conditions: { ready: true } }));
      await harness.edit(EndpointSlice, 'keystone-1', { endpoints });
    };
    await keystones();
    // The token that it has is good for a while yet.
    await look();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    await look(60 * minute);
    expect(endpointReady()).toMatchObject({
      reason: 'WaitingForService',
      message: 'Waits for Keystone: http://keystone.ns.svc:5000 has no ready endpoint',
    });
    harness.http.login = new Error('connect EHOSTUNREACH');
    await keystones('10.0.0.8', '10.0.0.9');
    harness.http.asked();
    await harness.settle();
    expect(harness.http.asked().filter((call) => call.startsWith('POST'))).toEqual([
      login.replace('.7', '.8'),
      login.replace('.7', '.9'),
    ]);
  });

  it('that refuses the user is a failure that somebody has to look at', async () => {
    harness.http.login = 401;
    await harness.standUp(sample());
    expect(endpointReady()).toMatchObject({
      reason: 'AccessDenied',
      message: 'Keystone refuses the login of user "sample"',
    });
  });
});
