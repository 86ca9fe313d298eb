import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { status, TestServer, type Answer } from '../../testing/http.js';
import { CONFIGMAPS, configMap, deployment, DEPLOYMENTS, PODS, pod, SECRETS } from '../../testing/objects.js';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ROLES = `${RBAC}/namespaces/default/roles`;
const ROLE_BINDINGS = `${RBAC}/namespaces/default/rolebindings`;
const CLUSTER_ROLES = `${RBAC}/clusterroles`;
const CLUSTER_ROLE_BINDINGS = `${RBAC}/clusterrolebindings`;

let api: TestServer;

beforeAll(async () => {
  api = await TestServer.start();
  await api.create('/api/v1/namespaces', { metadata: { name: 'other' } });
  await api.create(CONFIGMAPS, configMap('a'));
  await api.create(CONFIGMAPS, configMap('b'));
});
afterAll(() => api.stop());

/** Asks in the name of somebody: what RBAC decides on is that user. */
const as = (user: string, ...groups: string[]) => ({
  headers: { 'impersonate-user': user, ...(groups.length > 0 ? { 'impersonate-group': groups } : {}) },
});

const allow = (apiGroups: string[], resources: string[], verbs: string[], more: object = {}) => ({
  apiGroups,
  resources,
  verbs,
  ...more,
});

const role = (name: string, ...rules: object[]): object => ({ metadata: { name }, rules });

const user = (name: string): object => ({ kind: 'User', name });

const binding = (name: string, kind: string, to: string, ...subjects: object[]): object => ({
  metadata: { name },
  roleRef: { kind, name: to },
  subjects,
});

const message = (answer: Answer): string => `${answer.code} ${status(answer).message ?? ''}`;

describe('a Role', () => {
  beforeAll(async () => {
    await api.create(
      ROLES,
      role(
        'reader',
        allow([''], ['configmaps'], ['get', 'list', 'watch'], { resourceNames: ['a'] }),
        allow(['apps'], ['deployments/scale'], ['get', 'patch']),
        allow([''], ['secrets'], ['patch']),
        allow([''], ['pods'], ['*']),
        allow(['*'], ['*/status'], ['get']),
      ),
    );
    await api.create(
      ROLE_BINDINGS,
      binding('reader', 'Role', 'reader', user('ann'), { kind: 'Group', name: 'readers' }),
    );
    const verbs = ['create', 'deletecollection'];
    await api.create(ROLES, role('sel', allow([''], ['configmaps'], verbs, { resourceNames: ['a'] })));
    await api.create(ROLE_BINDINGS, binding('sel', 'Role', 'sel', user('sel')));
    await api.create(DEPLOYMENTS, deployment('web'));
    await api.create(PODS, pod('one'));
  });

  it('allows what it names, in its namespace, and nothing else', async () => {
    expect((await api.get(`${CONFIGMAPS}/a`, as('ann'))).code).toBe(200);
    expect(message(await api.get(`${CONFIGMAPS}/b`, as('ann')))).toBe(
      '403 configmaps "b" is forbidden: User "ann" cannot get resource "configmaps" in API group "" in the namespace "default"',
    );
    expect(message(await api.get(CONFIGMAPS, as('ann')))).toBe(
      '403 configmaps is forbidden: User "ann" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
    expect(message(await api.get('/api/v1/configmaps', as('ann')))).toContain('at the cluster scope');
    expect((await api.get(PODS.replace('default', 'other'), as('ann'))).code).toBe(403);
    expect((await api.get(`${CONFIGMAPS}/a`, as('bob'))).code).toBe(403);
  });

  it('for one name allows to list and watch that one', async () => {
    const answer = await api.get(`${CONFIGMAPS}?fieldSelector=metadata.name=a`, as('ann'));
    expect(answer.body.items).toHaveLength(1);
    expect((await api.get(`${CONFIGMAPS}?fieldSelector=metadata.name=b`, as('ann'))).code).toBe(403);
    const watch = await api.watch(`${CONFIGMAPS}?fieldSelector=metadata.name%3Da`, as('ann'));
    expect(watch.code).toBe(200);
    watch.close();
  });

  it('for one name allows nobody to make one of another name, whatever they say to select', async () => {
    const path = `${CONFIGMAPS}?fieldSelector=metadata.name=a`;
    expect((await api.post(path, configMap('mine'), as('sel'))).code).toBe(403);
    expect((await api.delete(path, undefined, as('sel'))).code).toBe(200);
    expect((await api.delete(CONFIGMAPS, undefined, as('sel'))).code).toBe(403);
    await api.create(CONFIGMAPS, configMap('a'));
  });

  it('names subresources apart', async () => {
    expect((await api.get(`${DEPLOYMENTS}/web/scale`, as('ann'))).code).toBe(200);
    expect(message(await api.get(`${DEPLOYMENTS}/web`, as('ann')))).toContain('deployments.apps "web" is forbidden');
    expect((await api.get(`${DEPLOYMENTS}/web/status`, as('ann'))).code).toBe(200);
    expect((await api.get(`${PODS}/one`, as('ann'))).code).toBe(200);
    expect(message(await api.get(`${PODS}/one/log`, as('ann')))).toContain('cannot get resource "pods/log"');
  });

  it('counts for the groups of a user', async () => {
    expect((await api.get(`${CONFIGMAPS}/a`, as('eve', 'writers', 'readers'))).code).toBe(200);
    expect((await api.get(`${CONFIGMAPS}/a`, as('eve', 'writers'))).code).toBe(403);
  });

  it('that allows to patch does not allow to create by server-side apply', async () => {
    const path = `${SECRETS}/new?fieldManager=me`;
    const options = { ...as('ann'), contentType: 'application/apply-patch+yaml' };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'new' } };
    expect(message(await api.send('PATCH', path, body, options))).toContain('cannot create resource "secrets"');
    await api.create(SECRETS, body);
    expect((await api.send('PATCH', path, body, options)).code).toBe(200);
  });

  it('ends with its binding, and a binding without its role says so', async () => {
    await api.create(ROLE_BINDINGS, binding('late', 'Role', 'late', user('zoe')));
    expect(message(await api.get(CONFIGMAPS, as('zoe')))).toContain(
      ': RBAC: role.rbac.authorization.k8s.io "late" not found',
    );
    await api.create(ROLES, role('late', allow([''], ['configmaps'], ['list'])));
    expect((await api.get(CONFIGMAPS, as('zoe'))).code).toBe(200);
    await api.merge(`${ROLE_BINDINGS}/late`, { subjects: [user('yan')] });
    expect((await api.get(CONFIGMAPS, as('zoe'))).code).toBe(403);
    expect((await api.get(CONFIGMAPS, as('yan'))).code).toBe(200);
    await api.delete(`${ROLE_BINDINGS}/late`);
    expect((await api.get(CONFIGMAPS, as('yan'))).code).toBe(403);
  });
});

describe('a ClusterRole', () => {
  it('holds everywhere when bound by a ClusterRoleBinding, and in one namespace when bound there', async () => {
    await api.create(ROLE_BINDINGS, binding('here', 'ClusterRole', 'view', user('visitor')));
    expect((await api.get(CONFIGMAPS, as('visitor'))).code).toBe(200);
    expect((await api.get('/api/v1/configmaps', as('visitor'))).code).toBe(403);
    expect((await api.get(SECRETS, as('visitor'))).code).toBe(403);
    await api.create(CLUSTER_ROLE_BINDINGS, binding('there', 'ClusterRole', 'view', user('visitor')));
    expect((await api.get('/api/v1/configmaps', as('visitor'))).code).toBe(200);
    expect((await api.delete(`${CONFIGMAPS}/b`, undefined, as('visitor'))).code).toBe(403);
  });

  it('counts for ServiceAccounts, with their own tokens', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    await api.create(accounts, { metadata: { name: 'robot' } });
    const { status: made } = await api.create(`${accounts}/robot/token`, { spec: {} });
    expect(message(await api.get(SECRETS, { token: made.token }))).toContain(
      'User "system:serviceaccount:default:robot" cannot list resource "secrets"',
    );
    const subject = { kind: 'ServiceAccount', name: 'robot', namespace: 'default' };
    await api.create(ROLE_BINDINGS, binding('robot', 'ClusterRole', 'edit', subject));
    expect((await api.get(SECRETS, { token: made.token })).code).toBe(200);
  });

  it('may be about paths', async () => {
    expect((await api.get('/openapi/v2', as('anybody'))).code).toBe(200);
    expect(message(await api.get('/metrics', as('anybody')))).toBe(
      '403 forbidden: User "anybody" cannot get path "/metrics"',
    );
  });

  it('may be made of others', async () => {
    const rules = async (name: string): Promise<string> =>
      JSON.stringify((await api.get(`${CLUSTER_ROLES}/${name}`)).body);
    await api.create(CLUSTER_ROLES, {
      metadata: { name: 'widget-viewer', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [allow(['example.com'], ['widgets'], ['get'])],
    });
    for (const name of ['view', 'edit', 'admin']) {
      await expect.poll(() => rules(name), { interval: 5 }).toContain('"widgets"');
    }
    await api.delete(`${CLUSTER_ROLES}/widget-viewer`);
    await expect.poll(() => rules('admin'), { interval: 5 }).not.toContain('"widgets"');
  });
});

describe('nobody gives away what they do not have', () => {
  beforeAll(async () => {
    await api.create(ROLE_BINDINGS, binding('chief', 'ClusterRole', 'admin', user('chief')));
  });

  it('in a Role', async () => {
    const fine = role(
      'fine',
      allow([''], ['pods'], ['get', 'create']),
      allow(['apps'], ['deployments/scale'], ['patch']),
    );
    expect((await api.post(ROLES, fine, as('chief'))).code).toBe(201);
    const greedy = role('greedy', allow([''], ['pods', 'nodes'], ['get']));
    expect(message(await api.post(ROLES, greedy, as('chief')))).toBe(
      '403 roles.rbac.authorization.k8s.io "greedy" is forbidden: user "chief" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    );
    expect((await api.post(ROLES, role('all', allow(['*'], ['*'], ['*'])), as('chief'))).code).toBe(403);
  });

  it('by a binding', async () => {
    const to = (name: string, cluster: string): object => binding(name, 'ClusterRole', cluster, user('friend'));
    expect((await api.post(ROLE_BINDINGS, to('edits', 'edit'), as('chief'))).code).toBe(201);
    expect(message(await api.post(ROLE_BINDINGS, to('rules', 'cluster-admin'), as('chief')))).toContain(
      'rolebindings.rbac.authorization.k8s.io "rules" is forbidden: user "chief"',
    );
    expect(message(await api.post(ROLE_BINDINGS, to('nothing', 'no-such'), as('chief')))).toContain(
      'clusterroles.rbac.authorization.k8s.io "no-such" not found',
    );
  });

  it('unless they may escalate or bind', async () => {
    const verbs = ['create', 'escalate', 'bind'];
    await api.create(CLUSTER_ROLES, role('granter', allow(['rbac.authorization.k8s.io'], ['*'], verbs)));
    await api.create(CLUSTER_ROLE_BINDINGS, binding('granter', 'ClusterRole', 'granter', user('granter')));
    const all = role('everything', allow(['*'], ['*'], ['*']));
    expect((await api.post(CLUSTER_ROLES, all, as('granter'))).code).toBe(201);
    const root = binding('root', 'ClusterRole', 'cluster-admin', user('granter'));
    expect((await api.post(CLUSTER_ROLE_BINDINGS, root, as('granter'))).code).toBe(201);
  });
});

it('to speak for others must be allowed, each part of it', async () => {
  const rule = (resource: string, ...resourceNames: string[]) =>
    allow([''], [resource], ['impersonate'], { resourceNames });
  await api.create(CLUSTER_ROLES, role('speaker', rule('users', 'ann'), rule('groups', 'readers')));
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await api.create(accounts, { metadata: { name: 'speaker' } });
  const subject = { kind: 'ServiceAccount', name: 'speaker', namespace: 'default' };
  await api.create(CLUSTER_ROLE_BINDINGS, binding('speaker', 'ClusterRole', 'speaker', subject));
  const { status: made } = await api.create(`${accounts}/speaker/token`, { spec: {} });
  const audit: string[] = [];
  const end = api.server.onAudit(({ user: asked, impersonatedUser }) =>
    audit.push(`${asked} as ${impersonatedUser ?? ''}`),
  );
  const ask = async (name: string, ...groups: string[]): Promise<string> =>
    message(await api.get(`${CONFIGMAPS}/a`, { token: made.token, ...as(name, ...groups) }));
  expect(await ask('ann')).toBe('200 ');
  expect(await ask('ann', 'readers')).toBe('200 ');
  expect(await ask('ann', 'readers', 'system:masters')).toContain(
    'groups "system:masters" is forbidden: User "system:serviceaccount:default:speaker" cannot impersonate resource "groups" in API group "" at the cluster scope',
  );
  expect(await ask('kubernetes-admin')).toContain('users "kubernetes-admin" is forbidden');
  expect(await ask('system:serviceaccount:default:robot')).toContain('serviceaccounts "robot" is forbidden');
  end();
  expect(audit[0]).toBe('system:serviceaccount:default:speaker as ann');
});

describe('reviews', () => {
  const AUTHORIZATION = '/apis/authorization.k8s.io/v1';

  it('tell anybody what they may do', async () => {
    const resourceAttributes = { verb: 'get', resource: 'configmaps', namespace: 'default', name: 'a' };
    const { body } = await api.post(
      `${AUTHORIZATION}/selfsubjectaccessreviews`,
      { spec: { resourceAttributes } },
      as('ann'),
    );
    expect(body.status).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to User "ann"',
    });
    const rules = await api.post(
      `${AUTHORIZATION}/selfsubjectrulesreviews`,
      { spec: { namespace: 'default' } },
      as('ann'),
    );
    expect(rules.body.status).toMatchObject({
      incomplete: false,
      resourceRules: expect.arrayContaining([{ verbs: ['*'], apiGroups: [''], resources: ['pods'] }]) as unknown,
    });
  });

  it('about others are for those who may ask', async () => {
    const spec = { user: 'ann', resourceAttributes: { verb: 'delete', resource: 'pods', namespace: 'default' } };
    const path = `${AUTHORIZATION}/subjectaccessreviews`;
    expect((await api.create(path, { spec })).status).toMatchObject({ allowed: true });
    expect((await api.create(path, { spec: { ...spec, user: 'bob' } })).status).toEqual({ allowed: false });
    expect((await api.post(path, { spec }, as('ann'))).code).toBe(403);
    expect((await api.post(path, { spec: { user: 'ann' } })).code).toBe(422);
    const local = `${AUTHORIZATION}/namespaces/default/localsubjectaccessreviews`;
    expect((await api.post(local, { spec }, as('chief'))).body.status).toMatchObject({ allowed: true });
  });
});
