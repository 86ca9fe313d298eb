// ValidatingAdmissionPolicies: what one refuses, whom it is about, and what becomes of expressions that fail.
import { describe, expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { eventually } from '../support/eventually.js';
import { configMap, deployment, pod } from '../support/objects.js';
import { RUN_LABEL, target } from '../support/target.js';

const api = bench('policies', { widgets: true });
const { CONFIGMAPS, DEPLOYMENTS, PODS, WIDGETS } = api.paths;
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const POLICIES = `${ADMISSION}/validatingadmissionpolicies`;
const BINDINGS = `${ADMISSION}/validatingadmissionpolicybindings`;

const here = { matchLabels: { 'kubernetes.io/metadata.name': api.namespace } };
const rule = (resource: string, operations: string[] = ['CREATE', 'UPDATE'], apiGroup = ''): object => ({
  apiGroups: [apiGroup],
  apiVersions: ['v1'],
  resources: [resource],
  operations,
});

const policyOf = (name: string, spec: object): object => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: api.clusterWide(name), labels: { [RUN_LABEL]: target.run } },
  spec: { matchConstraints: { resourceRules: [rule('configmaps')], namespaceSelector: here }, ...spec },
});

const bindingOf = (name: string, spec: object = {}): object => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: api.clusterWide(name), labels: { [RUN_LABEL]: target.run } },
  spec: { policyName: api.clusterWide(name), validationActions: ['Deny'], ...spec },
});

/** Runs the test while the policy holds, which shows on what `probe` asks, and takes it away. */
async function withPolicy(
  name: string,
  spec: object,
  probe: () => Promise<Answer>,
  test: (refused: Answer) => Promise<void> | void,
  binding: object = {},
): Promise<void> {
  const own = api.clusterWide(name);
  await api.create(POLICIES, policyOf(name, spec));
  await api.create(BINDINGS, bindingOf(name, binding));
  try {
    // Policies take effect when the server has seen them.
    const refused = await eventually(async () => {
      const answer = await probe();
      if (answer.code < 400 && answer.headers['warning'] === undefined) throw new Error(`taken: ${answer.text}`);
      return answer;
    });
    await test(refused);
  } finally {
    await api.delete(`${BINDINGS}/${own}`);
    await api.delete(`${POLICIES}/${own}`);
    // And none when it has seen that they are gone.
    await eventually(async () => {
      const { code, headers, text } = await probe();
      if (code >= 400 || headers['warning'] !== undefined) throw new Error(`still there: ${text}`);
    });
  }
}

const tried = (name: string, data: Record<string, string> = {}, metadata: object = {}): Promise<Answer> =>
  api.post(`${CONFIGMAPS}?dryRun=All`, configMap(name, data, metadata));
const big = { a: '1', b: '2' };
const tryBig = (): Promise<Answer> => tried('big', big);
const small = { expression: '!has(object.data) || size(object.data) < 2' };
const by = (name: string): string =>
  `ValidatingAdmissionPolicy '${api.clusterWide(name)}' with binding '${api.clusterWide(name)}'`;

describe('a policy', () => {
  it('refuses what its expression is not true of, and names it', () =>
    withPolicy('plain', { validations: [small] }, tryBig, async ({ code, body }) => {
      expect([code, body.reason]).toEqual([422, 'Invalid']);
      expect(body.message).toBe(
        `configmaps "big" is forbidden: ${by('plain')} denied request: failed expression: ${small.expression}`,
      );
      expect((await tried('small', { a: '1' })).code).toBe(201);
    }));

  it('has variables, which may use each other, words and a reason of its own', () =>
    withPolicy(
      'words',
      {
        variables: [
          { name: 'count', expression: 'has(object.data) ? size(object.data) : 0' },
          { name: 'excess', expression: 'variables.count - 1' },
        ],
        validations: [
          {
            expression: 'variables.excess < 1',
            messageExpression: '"too many by " + string(variables.excess)',
            message: 'too many',
            reason: 'Forbidden',
          },
        ],
      },
      tryBig,
      ({ code, body }) => {
        expect([code, body.reason]).toEqual([403, 'Forbidden']);
        expect(body.message).toContain('denied request: too many by 1');
      },
    ));

  it('looks at those requests only that meet all of its conditions', () =>
    withPolicy(
      'conditions',
      {
        matchConditions: [
          { name: 'named', expression: 'object.metadata.name.startsWith("big")' },
          { name: 'new', expression: 'request.operation == "CREATE"' },
        ],
        validations: [small],
      },
      tryBig,
      async () => {
        expect((await tried('other', big)).code).toBe(201);
      },
    ));

  it('looks at none that one of its conditions excludes, though another fails', () =>
    withPolicy(
      'excludes',
      {
        matchConditions: [
          { name: 'fails', expression: 'object.metadata.name == "big" || object.data.none == "x"' },
          { name: 'named', expression: 'object.metadata.name.startsWith("big")' },
        ],
        validations: [small],
      },
      tryBig,
      async () => {
        expect((await tried('other', big)).code).toBe(201);
      },
    ));

  it('knows who asks', async () => {
    const user = `${api.namespace}-user`;
    const groups = { 'impersonate-user': user, 'impersonate-group': 'system:masters' };
    const asUser = (): Promise<Answer> =>
      api.post(`${CONFIGMAPS}?dryRun=All`, configMap('big', big), { headers: groups });
    await withPolicy(
      'user',
      {
        matchConditions: [{ name: 'user', expression: `request.userInfo.username == "${user}"` }],
        validations: [{ expression: '!("system:masters" in request.userInfo.groups)', message: 'not you' }],
      },
      asUser,
      async ({ body }) => {
        expect(body.message).toContain('denied request: not you');
        expect((await tryBig()).code).toBe(201);
      },
    );
  });

  it('is about the namespaces, the objects and the operations that it names', () =>
    withPolicy(
      'selects',
      {
        matchConstraints: {
          resourceRules: [rule('configmaps', ['CREATE'])],
          excludeResourceRules: [{ ...rule('configmaps'), resourceNames: ['spared'] }],
          namespaceSelector: here,
          objectSelector: { matchLabels: { checked: 'yes' } },
        },
        validations: [{ expression: 'false', message: 'never' }],
      },
      () => tried('checked', {}, { labels: { checked: 'yes' } }),
      async () => {
        expect((await tried('unchecked')).code).toBe(201);
        expect((await tried('spared', {}, { labels: { checked: 'yes' } })).code).toBe(201);
        await api.create(CONFIGMAPS, configMap('kept'));
        const label = { metadata: { labels: { checked: 'yes' } } };
        expect((await api.merge(`${CONFIGMAPS}/kept`, label)).code).toBe(200);
        const elsewhere = '/api/v1/namespaces/default/configmaps?dryRun=All';
        expect((await api.post(elsewhere, configMap('checked', {}, { labels: { checked: 'yes' } }))).code).toBe(201);
      },
    ));

  it('sees what was before, and what is deleted', () =>
    withPolicy(
      'before',
      {
        matchConstraints: {
          resourceRules: [rule('configmaps', ['UPDATE', 'DELETE'])],
          namespaceSelector: here,
        },
        validations: [
          {
            expression:
              'request.operation == "DELETE" ? object == null && !has(oldObject.data) : object.data == oldObject.data',
            message: 'as it was',
          },
        ],
      },
      async () => {
        await api.post(CONFIGMAPS, configMap('before', { a: '1' }));
        return api.merge(`${CONFIGMAPS}/before?dryRun=All`, { data: { a: '2' } });
      },
      async () => {
        expect((await api.merge(`${CONFIGMAPS}/before`, { metadata: { labels: { x: 'y' } } })).code).toBe(200);
        expect((await api.delete(`${CONFIGMAPS}/before`)).body.message).toContain('as it was');
      },
    ));

  it('about a resource is about none of its subresources, unless it names them', () =>
    withPolicy(
      'sub',
      {
        matchConstraints: {
          resourceRules: [rule('deployments/status', ['UPDATE'], 'apps')],
          namespaceSelector: here,
        },
        validations: [{ expression: 'object.status.replicas < 3', message: 'few' }],
      },
      async () => {
        await api.post(DEPLOYMENTS, deployment('few'));
        return api.merge(`${DEPLOYMENTS}/few/status?dryRun=All`, { status: { replicas: 5 } });
      },
      async () => {
        expect((await api.merge(`${DEPLOYMENTS}/few?dryRun=All`, { spec: { paused: true } })).code).toBe(200);
      },
    ));

  it('goes through the lists of a Pod, those that are not there included', async () => {
    const all = (spec: string): string => `${spec}.containers + ${spec}.?initContainers.orValue([])`;
    await withPolicy(
      'lists',
      {
        matchConstraints: { resourceRules: [rule('pods', ['CREATE'])], namespaceSelector: here },
        variables: [
          { name: 'containers', expression: all('object.spec') },
          {
            name: 'privileged',
            expression: 'variables.containers.filter(c, c.?securityContext.privileged.orValue(false)).map(c, c.name)',
          },
        ],
        validations: [
          {
            expression: 'size(variables.privileged) == 0',
            messageExpression: '"privileged: " + variables.privileged.join(", ")',
          },
          {
            expression: 'object.spec.?volumes.orValue([]).all(v, !has(v.hostPath))',
            message: 'host paths',
          },
          { expression: '(object.spec.?serviceAccountName.orValue("default")) in ["default"]', message: 'account' },
        ],
      },
      () =>
        api.post(
          `${PODS}?dryRun=All`,
          pod('open', {
            initContainers: [{ name: 'first', image: 'i', securityContext: { privileged: true } }],
            containers: [{ name: 'main', image: 'i', securityContext: { privileged: true } }],
          }),
        ),
      async ({ body }) => {
        expect(body.message).toContain('denied request: privileged: main, first');
        const volumes = [{ name: 'a', emptyDir: {} }];
        expect((await api.post(`${PODS}?dryRun=All`, pod('fine', { volumes }))).code).toBe(201);
        const host = [...volumes, { name: 'b', hostPath: { path: '/' } }];
        const refused = await api.post(`${PODS}?dryRun=All`, pod('host', { volumes: host }));
        expect(refused.body.message).toContain('denied request: host paths');
      },
    );
  });

  it('whose expression fails refuses, or lets pass, as it says', async () => {
    const failing = [{ expression: 'object.data.none == "x"' }];
    await withPolicy('fails', { validations: failing }, tryBig, ({ code, body }) => {
      expect(code).toBe(422);
      expect(body.message).toContain(
        `denied request: expression 'object.data.none == "x"' resulted in error: no such key: none`,
      );
    });
    // The second one shows that the policy is there.
    const validations = [...failing, { ...small, message: 'small' }];
    await withPolicy('ignores', { validations, failurePolicy: 'Ignore' }, tryBig, async ({ body }) => {
      expect(body.message).toContain('denied request: small');
      expect((await tried('passes', { a: '1' })).code).toBe(201);
    });
  });
});

describe('a binding', () => {
  // Of a kind of the run's own: real servers look at a built-in kind for as long as the first policy with it is there.
  const paramKind = { apiVersion: `${api.group}/v1`, kind: 'Widget' };

  it('may only warn', () =>
    withPolicy(
      'warns',
      { validations: [small] },
      tryBig,
      ({ code, headers }) => {
        expect(code).toBe(201);
        expect(headers['warning']).toBe(
          `299 - "Validation failed for ${by('warns')}: failed expression: ${small.expression}"`,
        );
      },
      { validationActions: ['Warn', 'Audit'] },
    ));

  it('may be for some of what the policy is about', () =>
    withPolicy(
      'narrow',
      { validations: [small] },
      () => tried('big', big, { labels: { checked: 'yes' } }),
      async () => {
        expect((await tryBig()).code).toBe(201);
      },
      { matchResources: { objectSelector: { matchLabels: { checked: 'yes' } } } },
    ));

  it('brings parameters', async () => {
    await api.create(WIDGETS, api.widget('limits', { size: 1 }));
    await withPolicy(
      'parameters',
      {
        paramKind,
        validations: [
          {
            expression: '!has(object.data) || size(object.data) <= params.spec.size',
            messageExpression: '"at most " + string(params.spec.size)',
          },
        ],
      },
      tryBig,
      // The parameters are seen a moment after the policy.
      () => eventually(async () => expect((await tryBig()).body.message).toContain('denied request: at most 1')),
      { paramRef: { name: 'limits', namespace: api.namespace, parameterNotFoundAction: 'Deny' } },
    );
  });

  it('whose parameters are not there denies, or lets pass, as it says', async () => {
    const spec = {
      paramKind,
      validations: [{ expression: 'params == null', message: 'never' }],
    };
    const gone = { name: 'gone', namespace: api.namespace };
    const denies = { paramRef: { ...gone, parameterNotFoundAction: 'Deny' } };
    await withPolicy('missing', spec, tryBig, ({ body }) => expect(body.message).toContain('no params found'), denies);
    // The second policy shows that the first, which was there before it, is there.
    const passing = { ...spec, matchConditions: [{ name: 'new', expression: 'request.operation == "CREATE"' }] };
    const own = api.clusterWide('passes');
    await api.create(POLICIES, policyOf('passes', passing));
    await api.create(BINDINGS, bindingOf('passes', { paramRef: { ...gone, parameterNotFoundAction: 'Allow' } }));
    await withPolicy('shows', { validations: [small] }, tryBig, async () => {
      expect((await tried('fits', { a: '1' })).code).toBe(201);
    });
    await api.delete(`${BINDINGS}/${own}`);
    await api.delete(`${POLICIES}/${own}`);
  });
});

describe('refused is', () => {
  it.each([
    [
      'an expression that cannot be read',
      { validations: [{ expression: 'object.' }] },
      'spec.validations[0].expression',
    ],
    ['an expression that is no truth', { validations: [{ expression: '"x"' }] }, 'spec.validations[0].expression'],
    ['what uses what there is not', { validations: [{ expression: 'subject.x' }] }, 'spec.validations[0].expression'],
    ['a policy without an expression', { validations: [] }, 'spec.validations'],
    [
      'an operation that nobody knows, among those left out',
      {
        validations: [small],
        matchConstraints: {
          resourceRules: [rule('configmaps')],
          excludeResourceRules: [rule('configmaps', ['READ'])],
          namespaceSelector: here,
        },
      },
      'spec.matchConstraints.excludeResourceRules[0].operations[0]',
    ],
    [
      'a condition without a good name',
      { validations: [small], matchConditions: [{ name: 'two words', expression: 'true' }] },
      'spec.matchConditions[0].name',
    ],
    [
      'a variable whose name cannot be one',
      { validations: [small], variables: [{ name: 'a-b', expression: '1' }] },
      'spec.variables[0].name',
    ],
    ['a reason that nobody knows', { validations: [{ ...small, reason: 'Mood' }] }, 'spec.validations[0].reason'],
    ['a policy about nothing', { validations: [small], matchConstraints: {} }, 'spec.matchConstraints.resourceRules'],
    [
      'a variable that uses one behind it',
      {
        variables: [
          { name: 'a', expression: 'variables.b' },
          { name: 'b', expression: '1' },
        ],
        validations: [small],
      },
      'spec.variables[0].expression',
    ],
  ])('%s', async (_, spec, field) => {
    const { code, body } = await api.post(`${POLICIES}?dryRun=All`, policyOf('refused', spec));
    expect(code, body.message).toBe(422);
    expect(body.details.causes.map((cause) => cause.field)).toContain(field);
  });

  it('a binding that denies and warns', async () => {
    const actions = { validationActions: ['Deny', 'Warn'] };
    const { code, body } = await api.post(`${BINDINGS}?dryRun=All`, bindingOf('both', actions));
    expect(code).toBe(422);
    expect(body.message).toContain('must not contain both Deny and Warn');
  });
});
