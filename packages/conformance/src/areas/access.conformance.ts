import { beforeAll, describe, expect, it } from 'vitest';
import { succeeded, type Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { eventually } from '../support/eventually.js';
import { configMap, pod } from '../support/objects.js';
import { missing, RUN_LABEL, target } from '../support/target.js';

const api = bench('access');
const { CONFIGMAPS, NAMESPACES, PODS, ROLES, ROLEBINDINGS, SECRETS, SERVICEACCOUNTS } = api.paths;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
const rbac = 'rbac.authorization.k8s.io';

const userOf = (account: string): string => `system:serviceaccount:${api.namespace}:${account}`;

/** A ServiceAccount and a token of it. */
async function account(name: string): Promise<string> {
  await api.create(SERVICEACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
  return token(name);
}

async function token(name: string, spec: object = {}): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  return succeeded('token', await api.post(`${SERVICEACCOUNTS}/${name}/token`, body)).status.token;
}

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

const rule = (resources: string, verbs: string, resourceNames?: string[]): Rule => ({
  apiGroups: [''],
  resources: resources.split(','),
  verbs: verbs.split(','),
  ...(resourceNames ? { resourceNames } : {}),
});

const role = (name: string, ...rules: Rule[]): object => ({
  apiVersion: `${rbac}/v1`,
  kind: 'Role',
  metadata: { name },
  rules,
});

const binding = (name: string, to: object, kind = 'Role', role = name): object => ({
  apiVersion: `${rbac}/v1`,
  kind: 'RoleBinding',
  metadata: { name },
  roleRef: { apiGroup: rbac, kind, name: role },
  subjects: [to],
});

const serviceAccount = (name: string): object => ({ kind: 'ServiceAccount', name, namespace: api.namespace });

/** Roles take effect when the server has seen them. */
const allowed = (call: () => Promise<Answer>): Promise<Answer> =>
  eventually(async () => {
    const answer = await call();
    expect(answer.code).not.toBe(403);
    return answer;
  });

describe('a ServiceAccount', () => {
  it('may look at what there is, and at nothing in it', async () => {
    const nobody = await account('nobody');
    expect((await api.get('/apis', { token: nobody })).code).toBe(200);
    expect((await api.get('/version', { token: nobody })).code).toBe(200);
    const answer = await api.get(CONFIGMAPS, { token: nobody });
    expect(answer.body).toMatchObject({
      kind: 'Status',
      code: 403,
      reason: 'Forbidden',
      details: { kind: 'configmaps' },
    });
    expect(answer.body.message).toContain(
      `configmaps is forbidden: User "${userOf('nobody')}" cannot list resource "configmaps" in API group "" in the namespace "${api.namespace}"`,
    );
  });

  it('may do what a Role says that is bound to it, and no more', async () => {
    const reader = await account('reader');
    await api.create(CONFIGMAPS, configMap('read'));
    await api.create(ROLES, role('reader', rule('configmaps', 'get,list')));
    await api.create(ROLEBINDINGS, binding('reader', serviceAccount('reader')));
    await allowed(() => api.get(`${CONFIGMAPS}/read`, { token: reader }));
    expect((await api.get(CONFIGMAPS, { token: reader })).code).toBe(200);
    expect((await api.get(`${CONFIGMAPS}?watch=true&timeoutSeconds=1`, { token: reader })).code).toBe(403);
    expect((await api.delete(`${CONFIGMAPS}/read`, undefined, { token: reader })).code).toBe(403);
    expect((await api.get(SECRETS, { token: reader })).code).toBe(403);
    expect((await api.get('/api/v1/namespaces/default/configmaps', { token: reader })).code).toBe(403);
    expect((await api.get('/api/v1/configmaps', { token: reader })).code).toBe(403);
  });

  it('may be held to objects of certain names', async () => {
    const one = await account('one');
    await api.create(ROLES, role('one', rule('secrets', 'get,update', ['mine'])));
    await api.create(ROLEBINDINGS, binding('one', serviceAccount('one')));
    await allowed(() => api.get(`${SECRETS}/mine`, { token: one }));
    expect((await api.get(`${SECRETS}/mine`, { token: one })).code).toBe(404);
    expect((await api.get(`${SECRETS}/other`, { token: one })).code).toBe(403);
  });

  it('needs another permission for a subresource', async () => {
    const logs = await account('logs');
    await api.create(ROLES, role('logs', rule('pods/log', 'get')));
    await api.create(ROLEBINDINGS, binding('logs', serviceAccount('logs')));
    expect((await allowed(() => api.get(`${PODS}/none/log`, { token: logs }))).code).toBe(404);
    expect((await api.get(`${PODS}/none`, { token: logs })).code).toBe(403);
  });

  it.each(['exec', 'attach', 'portforward'])(
    'needs to get and to create pods/%s, over which a WebSocket runs',
    async (subresource) => {
      const path = `${PODS}/none/${subresource}?command=true&stdout=true&ports=80`;
      const codes = async (verbs: string): Promise<number[]> => {
        const name = `${subresource}-${verbs.replace(',', '-')}`;
        const user = await account(name);
        await api.create(ROLES, role(name, rule(`pods/${subresource}`, verbs), rule('secrets', 'list')));
        await api.create(ROLEBINDINGS, binding(name, serviceAccount(name)));
        await allowed(() => api.get(SECRETS, { token: user }));
        const [get, post] = [await api.get(path, { token: user }), await api.post(path, undefined, { token: user })];
        return [get.code, post.code];
      };
      expect(await codes('get')).toEqual([403, 403]);
      expect(await codes('create')).toEqual([403, 404]);
      expect(await codes('get,create')).toEqual([404, 404]);
    },
  );

  it('that a RoleBinding names without a namespace is of its namespace', async () => {
    const here = await account('here');
    await api.create(ROLES, role('here', rule('configmaps', 'list')));
    const made = await api.create(ROLEBINDINGS, binding('here', { kind: 'ServiceAccount', name: 'here' }));
    expect(made).toHaveProperty('subjects', [{ kind: 'ServiceAccount', name: 'here' }]);
    expect((await allowed(() => api.get(CONFIGMAPS, { token: here }))).code).toBe(200);
  });

  it('is a member of the group of its namespace', async () => {
    const member = await account('member');
    await api.create(ROLES, role('members', rule('configmaps', 'list')));
    const group = { kind: 'Group', apiGroup: rbac, name: `system:serviceaccounts:${api.namespace}` };
    await api.create(ROLEBINDINGS, binding('members', group));
    expect((await allowed(() => api.get(CONFIGMAPS, { token: member }))).code).toBe(200);
    await api.delete(`${ROLEBINDINGS}/members`);
    await eventually(async () => expect((await api.get(CONFIGMAPS, { token: member })).code).toBe(403));
  });

  it('may be given a ClusterRole for its namespace only, or for all', async () => {
    const viewer = await account('viewer');
    await api.create(ROLEBINDINGS, binding('viewer', serviceAccount('viewer'), 'ClusterRole', 'view'));
    await allowed(() => api.get(CONFIGMAPS, { token: viewer }));
    expect((await api.get(SECRETS, { token: viewer })).code).toBe(403);
    expect((await api.get('/api/v1/configmaps', { token: viewer })).code).toBe(403);
    await api.create(`${RBAC}/clusterrolebindings`, {
      ...binding(api.clusterWide('viewer'), serviceAccount('viewer'), 'ClusterRole', 'view'),
      kind: 'ClusterRoleBinding',
      metadata: { name: api.clusterWide('viewer'), labels: { [RUN_LABEL]: target.run } },
    });
    expect((await allowed(() => api.get('/api/v1/configmaps?limit=1', { token: viewer }))).code).toBe(200);
  });

  it('cannot give what it does not have', async () => {
    const granter = await account('granter');
    const roles: Rule = { apiGroups: [rbac], resources: ['roles', 'rolebindings'], verbs: ['create', 'get'] };
    await api.create(ROLES, role('granter', roles, rule('configmaps', 'get')));
    await api.create(ROLEBINDINGS, binding('granter', serviceAccount('granter')));
    await allowed(() => api.get(`${ROLES}/granter`, { token: granter }));
    const given = await api.post(ROLES, role('given', rule('configmaps', 'get')), { token: granter });
    expect(given.code).toBe(201);
    const refused = await api.post(ROLES, role('more', rule('secrets', 'get')), { token: granter });
    expect(refused.code).toBe(403);
    expect(refused.body.message).toContain('is attempting to grant RBAC permissions not currently held');
    const bound = binding('admin', serviceAccount('granter'), 'ClusterRole', 'admin');
    expect((await api.post(ROLEBINDINGS, bound, { token: granter })).code).toBe(403);
  });
});

it.each(['cluster-admin', 'admin', 'edit', 'view'])('there is a ClusterRole %s', async (name) => {
  expect((await api.get(`${RBAC}/clusterroles/${name}`)).code).toBe(200);
});

it('a binding cannot lead to another role later', async () => {
  await api.create(ROLES, role('ref', rule('configmaps', 'get')));
  await api.create(ROLEBINDINGS, binding('ref', serviceAccount('default')));
  const answer = await api.merge(`${ROLEBINDINGS}/ref`, { roleRef: { name: 'other' } });
  expect(answer.code).toBe(422);
  expect(answer.body.message).toContain('cannot change roleRef');
});

describe('a review', () => {
  const attributes = (verb: string, resource: string): object => ({
    resourceAttributes: { namespace: api.namespace, verb, resource },
  });
  const review = (kind: string, spec: object, metadata: object = {}): object => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind,
    metadata,
    spec,
  });
  let reviewed = '';
  beforeAll(async () => {
    if (missing(['rights']) !== undefined) return;
    reviewed = await account('reviewed');
    await api.create(ROLES, role('reviewed', rule('configmaps', 'get')));
    await api.create(ROLEBINDINGS, binding('reviewed', serviceAccount('reviewed')));
    await allowed(() => api.get(`${CONFIGMAPS}/none`, { token: reviewed }));
  });

  it('tells who asks what they may (SelfSubjectAccessReview)', async () => {
    const ask = async (verb: string): Promise<boolean> =>
      (
        await api.post(
          `${AUTHORIZATION}/selfsubjectaccessreviews`,
          review('SelfSubjectAccessReview', attributes(verb, 'configmaps')),
          { token: reviewed },
        )
      ).body.status.allowed;
    expect(await ask('get')).toBe(true);
    expect(await ask('delete')).toBe(false);
  });

  it('tells what others may (SubjectAccessReview, and Local)', async () => {
    const spec = (verb: string): object => ({ ...attributes(verb, 'configmaps'), user: userOf('reviewed') });
    for (const [path, kind, metadata] of [
      [`${AUTHORIZATION}/subjectaccessreviews`, 'SubjectAccessReview', {}],
      [
        `${AUTHORIZATION}/namespaces/${api.namespace}/localsubjectaccessreviews`,
        'LocalSubjectAccessReview',
        { namespace: api.namespace },
      ],
    ] as const) {
      expect((await api.create(path, review(kind, spec('get'), metadata))).status.allowed, kind).toBe(true);
      expect((await api.create(path, review(kind, spec('list'), metadata))).status.allowed, kind).toBe(false);
    }
  });

  it('lists all that who asks may (SelfSubjectRulesReview)', async () => {
    const { body } = await api.post(
      `${AUTHORIZATION}/selfsubjectrulesreviews`,
      review('SelfSubjectRulesReview', { namespace: api.namespace }),
      { token: reviewed },
    );
    expect(body.status).toMatchObject({
      resourceRules: expect.arrayContaining([
        expect.objectContaining({ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }),
      ]) as unknown,
    });
  });

  it('tells who asks who they are (SelfSubjectReview)', async () => {
    const { body } = await api.post(
      `${AUTHENTICATION}/selfsubjectreviews`,
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      { token: reviewed },
    );
    expect(body.status.userInfo.username).toBe(userOf('reviewed'));
    expect(body.status.userInfo.groups).toEqual(
      expect.arrayContaining([
        'system:serviceaccounts',
        `system:serviceaccounts:${api.namespace}`,
        'system:authenticated',
      ]),
    );
  });

  it('tells whose token it is (TokenReview)', async () => {
    const ask = async (token: string) =>
      (
        await api.create(`${AUTHENTICATION}/tokenreviews`, {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          spec: { token },
        })
      ).status;
    expect(await ask(reviewed)).toMatchObject({ authenticated: true, user: { username: userOf('reviewed') } });
    expect((await ask('nonsense')).authenticated ?? false).toBe(false);
  });
});

describe('impersonation', () => {
  const as = (user: string, groups: string[] = []) => ({
    headers: { 'impersonate-user': user, ...(groups.length > 0 ? { 'impersonate-group': groups.join(',') } : {}) },
  });

  it('asks in the name of another', async () => {
    const answer = await api.get(SECRETS, as('somebody'));
    expect(answer.code).toBe(403);
    expect(answer.body.message).toContain('User "somebody" cannot list resource "secrets"');
  });

  it('brings groups', async () => {
    expect((await api.get(`${SECRETS}?limit=1`, as('somebody', ['system:masters']))).code).toBe(200);
  });

  it('is a right of its own', async () => {
    const plain = await account('plain');
    const answer = await api.get(CONFIGMAPS, { token: plain, ...as('system:admin') });
    expect(answer.code).toBe(403);
    // Of the user, or on servers that know narrower rights, of what is asked for.
    expect(answer.body.message).toMatch(/cannot impersonate\S* resource "(users|configmaps)"/);
  });
});

describe('a token', () => {
  it('may be for others than the API server, which then refuses it', async () => {
    await account('audience');
    const foreign = await token('audience', { audiences: ['vault.example.com'] });
    expect((await api.get('/api', { token: foreign })).code).toBe(401);
  });

  it('lives for ten minutes at the least', async () => {
    await account('short');
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 10 } };
    expect((await api.post(`${SERVICEACCOUNTS}/short/token`, body)).code).toBe(422);
  });

  it('dies with its ServiceAccount', async () => {
    const mortal = await account('mortal');
    expect((await api.get('/api', { token: mortal })).code).toBe(200);
    await api.delete(`${SERVICEACCOUNTS}/mortal`);
    await eventually(async () => expect((await api.get('/api', { token: mortal })).code).toBe(401));
  });

  describe('bound to an object', () => {
    const bound = (kind: string, name: string, more: object = {}): Promise<Answer> => {
      const spec = { boundObjectRef: { apiVersion: 'v1', kind, name, ...more } };
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
      return api.post(`${SERVICEACCOUNTS}/holder/token`, body);
    };
    beforeAll(async () => {
      if (missing(['rights']) !== undefined) return;
      await account('holder');
      await account('other');
      for (const serviceAccountName of ['holder', 'other'])
        await api.create(PODS, pod(`of-${serviceAccountName}`, { serviceAccountName }));
    });

    it('dies with it', async () => {
      const { status } = succeeded('token', await bound('Pod', 'of-holder'));
      expect((await api.get('/api', { token: status.token })).code).toBe(200);
      await api.delete(`${PODS}/of-holder`, { gracePeriodSeconds: 0 });
      await eventually(async () => expect((await api.get('/api', { token: status.token })).code).toBe(401));
    });

    it('is not bound to the Pod of another account', async () => {
      const { code, body } = await bound('Pod', 'of-other');
      expect(code).toBe(400);
      expect(body.message).toBe(
        'cannot bind token for serviceaccount "holder" to pod running with different serviceaccount name.',
      );
    });

    it.each([
      ['ConfigMap', 'any', {}, 400, 'cannot bind token to object of type /v1, Kind=ConfigMap'],
      ['pod', 'of-other', {}, 400, 'cannot bind token to object of type /v1, Kind=pod'],
      ['Pod', 'of-other', { apiVersion: 'apps/v1' }, 400, 'cannot bind token to object of type apps/v1, Kind=Pod'],
      ['Pod', 'none', {}, 404, 'pods "none" not found'],
      ['Secret', 'none', {}, 404, 'secrets "none" not found'],
    ])('is bound to no %s "%s" %j', async (kind, name, more, code, message) => {
      const answer = await bound(kind, name, more);
      expect([answer.code, answer.body.message]).toEqual([code, message]);
    });
  });

  it('of an account that is not there is refused', async () => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    expect((await api.post(`${SERVICEACCOUNTS}/none/token`, body)).code).toBe(404);
  });
});

it('who may not read is not told whether there is anything to read', async () => {
  const blind = await account('blind');
  expect((await api.get(`${NAMESPACES}/${target.run}-nowhere/configmaps/x`, { token: blind })).code).toBe(403);
});
