// What a test must make happen from inside. All other errors are in `packages/conformance`.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tooManyRequests } from '../errors.js';
import { status, TestServer, type Answer } from '../testing/http.js';
import { configMap, CONFIGMAPS } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
});
afterAll(() => api.stop());

/** Every error is a Status that says the same as the code. */
function expectStatus(answer: Answer, code: number, reason: string): void {
  expect(status(answer)).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason });
  expect(answer.code).toBe(code);
  expect(status(answer).message).not.toBe('');
}

it('403 for who may not', async () => {
  const strict = await TestServer.start({
    authorizer: {
      authorize: ({ verb }) => (verb === 'get' ? { allowed: true } : { allowed: false, reason: 'no rule' }),
    },
  });
  const answer = await strict.get(CONFIGMAPS);
  expectStatus(answer, 403, 'Forbidden');
  expect(status(answer).message).toBe(
    'configmaps is forbidden: User "kubernetes-admin" cannot list resource "configmaps" in API group "" in the namespace "default": no rule',
  );
  await strict.stop();
});

it('429 tells when to come back', async () => {
  api.server.interceptors.push({
    before: ({ name }) => {
      if (name === 'busy') throw tooManyRequests('storage is (re)initializing', 7);
    },
  });
  const answer = await api.get(`${CONFIGMAPS}/busy`);
  expectStatus(answer, 429, 'TooManyRequests');
  expect(answer.headers['retry-after']).toBe('7');
  expect(status(answer).details?.retryAfterSeconds).toBe(7);
});

it('500 for a fault of the server, which serves on', async () => {
  const faulty = await TestServer.start();
  faulty.server.admission.push({
    name: 'faulty',
    mutate: () => {
      throw new TypeError('a bug');
    },
  });
  expectStatus(await faulty.post(CONFIGMAPS, configMap('x')), 500, 'InternalError');
  expect((await faulty.get(CONFIGMAPS)).code).toBe(200);
  await faulty.stop();
});
