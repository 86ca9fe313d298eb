// ValidatingAdmissionPolicies.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Body } from '../testing/body.js';
import { status, TestServer } from '../testing/http.js';
import { CONFIGMAPS, configMap } from '../testing/objects.js';

let api: TestServer;
beforeAll(async () => {
  api = await TestServer.start();
});
afterAll(() => api.stop());
afterEach(async () => {
  await api.delete(BINDINGS);
  await api.delete(POLICIES);
});

const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';

const policy = (spec: object): object => ({
  metadata: { name: 'p' },
  spec: {
    matchConstraints: {
      resourceRules: [
        { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
      ],
    },
    ...spec,
  },
});

async function enforce(spec: object, binding: object = {}): Promise<Body> {
  await api.create(POLICIES, policy(spec));
  return api.create(BINDINGS, {
    metadata: { name: 'b' },
    spec: { policyName: 'p', validationActions: ['Deny'], ...binding },
  });
}

const small = { validations: [{ expression: 'size(object.data) < 2' }] };
const big = configMap('big', { a: '1', b: '2' });

it('refuses what it is against', async () => {
  await enforce(small);
  const refused = await api.post(CONFIGMAPS, big);
  expect(refused.code).toBe(422);
  expect(status(refused)).toMatchObject({
    reason: 'Invalid',
    message: `configmaps "big" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: size(object.data) < 2`,
  });
  expect((await api.post(CONFIGMAPS, configMap('small', { a: '1' }))).code).toBe(201);
});

it('says it in its own words and with its own reason', async () => {
  await enforce({
    variables: [
      { name: 'count', expression: 'size(object.data)' },
      { name: 'excess', expression: 'variables.count - 1' },
    ],
    validations: [
      {
        expression: 'variables.excess < 1',
        messageExpression: '"too many by " + string(variables.excess)',
        reason: 'Forbidden',
      },
    ],
  });
  const refused = await api.post(CONFIGMAPS, big);
  expect([refused.code, status(refused).message?.split('request: ')[1]]).toEqual([403, 'too many by 1']);
});

it.each([
  [
    'a condition that does not hold',
    { ...small, matchConditions: [{ name: 'c', expression: 'request.operation == "DELETE"' }] },
    {},
  ],
  [
    'a condition that does not hold, behind one that fails',
    {
      ...small,
      matchConditions: [
        { name: 'fails', expression: 'object.data.zzz == "x"' },
        { name: 'c', expression: 'request.operation == "DELETE"' },
      ],
    },
    {},
  ],
  ['no binding for the namespace', small, { matchResources: { namespaceSelector: { matchLabels: { none: 'such' } } } }],
  [
    'an expression that fails, and is let pass',
    { validations: [{ expression: 'object.data.zzz == "x"' }], failurePolicy: 'Ignore' },
    {},
  ],
])('lets pass: %s', async (_, spec, binding) => {
  await enforce(spec, binding);
  expect((await api.post(`${CONFIGMAPS}?dryRun=All`, big)).code).toBe(201);
});

it('refuses where an expression fails', async () => {
  await enforce({ validations: [{ expression: 'object.data.zzz == "x"' }] });
  expect(status(await api.post(CONFIGMAPS, big)).message).toContain(
    `expression 'object.data.zzz == "x"' resulted in error: no such key: zzz`,
  );
});

it('may only warn', async () => {
  await enforce(small, { validationActions: ['Warn'] });
  const warned = await api.post(`${CONFIGMAPS}?dryRun=All`, big);
  expect([warned.code, warned.headers['warning']]).toEqual([
    201,
    `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: size(object.data) < 2"`,
  ]);
});

it('takes parameters', async () => {
  await api.create(CONFIGMAPS, configMap('limits', { most: '1' }));
  const spec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [{ expression: 'size(object.data) <= int(params.data.most)' }],
  };
  await enforce(spec, { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } });
  expect((await api.post(`${CONFIGMAPS}?dryRun=All`, big)).code).toBe(422);
  await api.merge(`${BINDINGS}/b`, { spec: { paramRef: { name: 'gone' } } });
  expect(status(await api.post(`${CONFIGMAPS}?dryRun=All`, big)).message).toContain('no params found');
  await api.merge(`${BINDINGS}/b`, { spec: { paramRef: { parameterNotFoundAction: 'Allow' } } });
  expect((await api.post(`${CONFIGMAPS}?dryRun=All`, big)).code).toBe(201);
});

it.each([
  [
    { validations: [{ expression: 'object.' }] },
    'spec.validations[0].expression',
    'compilation failed: ERROR: <input>:1:8: Syntax error',
  ],
  [{ validations: [] }, 'spec.validations', 'must be specified'],
  [{ validations: [{ expression: 'true', reason: 'Mood' }] }, 'spec.validations[0].reason', 'Unsupported value'],
  [{ ...small, matchConstraints: {} }, 'spec.matchConstraints.resourceRules', 'Required value'],
])('a policy with %j is refused', async (spec, field, message) => {
  const refused = await api.post(POLICIES, policy(spec));
  expect(refused.code).toBe(422);
  expect(status(refused).details?.causes?.[0]).toMatchObject({
    field,
    message: expect.stringContaining(message) as string,
  });
});
