import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startApiServer } from '../server.js';
import { status, TestServer } from '../testing/http.js';
import { CONFIGMAPS, configMap, PODS, pod } from '../testing/objects.js';

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';

describe('ServiceAccount tokens', () => {
  let api: TestServer;
  beforeAll(async () => {
    api = await TestServer.start();
    await api.create(ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } });
  });
  afterAll(() => api.stop());

  const tokenFor = async (account: string, spec: object = {}): Promise<string> => {
    const body = await api.create(`${ACCOUNTS}/${account}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec,
    });
    return body.status.token;
  };

  const whoami = (token: string) =>
    api.post(
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      { token },
    );

  it('are their account', async () => {
    const { body } = await whoami(await tokenFor('robot'));
    expect(body.status.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
  });

  it('are good for nothing when changed', async () => {
    const token = await tokenFor('robot');
    const [header = '', payload = '', signature = ''] = token.split('.');
    const forged = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const claim = Buffer.from(JSON.stringify({ ...forged, exp: 99999999999 })).toString('base64url');
    expect((await whoami(`${header}.${claim}.${signature}`)).code).toBe(401);
    expect((await whoami(`${header}.${payload}.`)).code).toBe(401);
    expect((await whoami('..')).code).toBe(401);
  });

  it('can be checked by whoever has the public key', async () => {
    const token = await tokenFor('robot');
    const { jwks_uri: uri } = JSON.parse(
      (await api.get('/.well-known/openid-configuration', { token })).text,
    ) as Record<string, string>;
    expect(uri).toMatch(/\/openid\/v1\/jwks$/);
    const { keys } = JSON.parse((await api.get('/openid/v1/jwks', { token })).text) as { keys: JsonWebKey[] };
    const [header = '', payload = '', signature = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg: 'ES256' });
    const key = { key: createPublicKey({ key: keys[0]!, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('are for the audience that they were asked for', async () => {
    const token = await tokenFor('robot', { audiences: ['vault'] });
    expect((await whoami(token)).code).toBe(401);
    const review = (audiences?: string[]) =>
      api.create('/apis/authentication.k8s.io/v1/tokenreviews', {
        spec: { token, ...(audiences ? { audiences } : {}) },
      });
    expect((await review()).status).toMatchObject({ authenticated: false });
    expect((await review(['other', 'vault'])).status).toMatchObject({ authenticated: true, audiences: ['vault'] });
  });

  it('end with their time', async () => {
    const token = await tokenFor('robot', { expirationSeconds: 600 });
    const { context } = api.server;
    const now = (): number => Date.now();
    context.now = () => now() + 601_000;
    expect((await whoami(token)).code).toBe(401);
    context.now = now;
    expect((await whoami(token)).code).toBe(201);
  });

  it('end with their account, even if a new one takes its name', async () => {
    await api.create(ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'mortal' } });
    const token = await tokenFor('mortal');
    await api.delete(`${ACCOUNTS}/mortal`);
    expect((await whoami(token)).code).toBe(401);
    await api.create(ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'mortal' } });
    expect((await whoami(token)).code).toBe(401);
  });

  it('end with the Pod that they are bound to', async () => {
    await api.create(PODS, pod('bound', { serviceAccountName: 'robot' }));
    const token = await tokenFor('robot', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'bound' } });
    expect((await whoami(token)).code).toBe(201);
    await api.delete(`${PODS}/bound`);
    expect((await whoami(token)).code).toBe(401);
  });

  it('can be reviewed', async () => {
    const review = async (token: string) =>
      (await api.create('/apis/authentication.k8s.io/v1/tokenreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token },
      })) as {
        status: object;
      };
    expect((await review(await tokenFor('robot'))).status).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:robot' },
    });
    expect((await review('nonsense')).status).toMatchObject({ authenticated: false });
  });

  it('are not given for too short a time', async () => {
    const answer = await api.post(`${ACCOUNTS}/robot/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 5 },
    });
    expect(answer.code).toBe(422);
  });
});

it('questions of permission are put to the authorizer', async () => {
  const api = await TestServer.start({
    authorizer: {
      authorize: ({ verb, resource }) =>
        verb === 'delete' || resource?.plural === 'secrets'
          ? { allowed: false, reason: 'not that' }
          : { allowed: true },
    },
  });
  const ask = async (resourceAttributes: object) =>
    (await api.create('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    })) as { status: object };
  expect((await ask({ verb: 'get', resource: 'pods' })).status).toEqual({ allowed: true });
  expect((await ask({ verb: 'get', resource: 'secrets' })).status).toEqual({ allowed: false, reason: 'not that' });
  await api.create(CONFIGMAPS, configMap('a'));
  expect(status(await api.delete(`${CONFIGMAPS}/a`)).reason).toBe('Forbidden');
  await api.stop();
});

it.each(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'text/plain'])(
  'who may not write is told so before anybody reads what they sent as %s',
  async (contentType) => {
    const api = await TestServer.start({
      authorizer: { authorize: ({ verb }) => (verb === 'get' ? { allowed: true } : { allowed: false, reason: 'no' }) },
    });
    const options = { raw: '{ [ no object at all', contentType };
    for (const [method, path] of [
      ['POST', CONFIGMAPS],
      ['PUT', `${CONFIGMAPS}/a`],
      ['DELETE', `${CONFIGMAPS}/a`],
    ] as const)
      expect(status(await api.send(method, path, undefined, options)).reason, method).toBe('Forbidden');
    await api.stop();
  },
);

it('probes, and the question for the version, need no token', async () => {
  const api = await TestServer.start();
  for (const path of ['/healthz', '/livez', '/readyz']) expect((await api.get(path, { token: '' })).text).toBe('ok');
  expect((await api.get('/version', { token: '' })).code).toBe(200);
  expect((await api.get('/api', { token: '' })).code).toBe(401);
  await api.stop();
});

describe('over TLS', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tls-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const get = (url: string, ca: string, token: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request(`${url}/api`, { ca, headers: { authorization: `Bearer ${token}` }, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  const credentials = (kubeconfig: string): { ca: string; token: string } => {
    const config = parse(kubeconfig) as {
      clusters: { cluster: Record<string, string> }[];
      users: { user: { token: string } }[];
    };
    return {
      ca: Buffer.from(config.clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64').toString(),
      token: config.users[0]?.user.token ?? '',
    };
  };

  it('a kubeconfig is all that is needed, and stays good across restarts', async () => {
    const first = await startApiServer({ stateDirectory: directory });
    const { ca, token } = credentials(first.kubeconfig);
    expect(first.url).toMatch(/^https:/);
    expect(await get(first.url, ca, token)).toBe(200);
    await first.stop();
    const second = await startApiServer({ stateDirectory: directory });
    expect(await get(second.url, ca, token)).toBe(200);
    await expect(get(second.url, ca, 'wrong')).resolves.toBe(401);
    await second.stop();
  });

  it('keys are for their owner only', () => {
    for (const name of ['pki/ca.key', 'pki/server.key', 'auth/admin-token', 'auth/service-account.key']) {
      expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
    }
  });

  it('new names make a new certificate under the same authority', async () => {
    const authority = readFileSync(join(directory, 'pki/ca.crt'), 'utf8');
    const before = readFileSync(join(directory, 'pki/server.crt'), 'utf8');
    const server = await startApiServer({ stateDirectory: directory, names: ['api.example.com', '192.0.2.7'] });
    await server.stop();
    expect(readFileSync(join(directory, 'pki/ca.crt'), 'utf8')).toBe(authority);
    expect(readFileSync(join(directory, 'pki/server.crt'), 'utf8')).not.toBe(before);
  });
});
