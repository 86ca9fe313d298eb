import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { ConfigError, loadConfig } from './config.js';
import { createClient } from './http-client.js';
import { ConfigMap } from './resources/builtin.js';
import { sendJson, sendStatus, startServer } from './testing/server.js';
import { makeAuthority } from './testing/tls.js';
import { createTransport } from './transport.js';

let folder: string;
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  vi.stubEnv('KUBECONFIG', '');
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
  vi.stubEnv('HOME', folder);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0)) await cleanup();
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string): string {
  const file = join(folder, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
  return file;
}

interface Parts {
  name?: string;
  server?: string;
  cluster?: object;
  user?: object;
  namespace?: string;
}

const kubeconfig = ({
  name = 'main',
  server = 'https://example.test:6443',
  cluster,
  user = {},
  namespace,
}: Parts): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace && { namespace }) } }],
  });

describe('where the configuration comes from', () => {
  it('is the file that is named, with its context and namespace', async () => {
    const file = write('a', kubeconfig({ server: 'https://a.test/', user: { token: 't' }, namespace: 'openstack' }));
    const connection = await loadConfig({ kubeconfig: file });
    expect(connection).toMatchObject({ server: 'https://a.test', namespace: 'openstack' });
    expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer t' });
    expect((await loadConfig({ content: kubeconfig({}) })).namespace).toBe('default');
  });

  it('is $KUBECONFIG, of whose files the first that says something wins and a missing one is passed over', async () => {
    const one = write('one', kubeconfig({ name: 'one', server: 'https://one.test' }));
    const two = write('two', kubeconfig({ name: 'two', server: 'https://two.test' }));
    const again = write('again', kubeconfig({ name: 'one', server: 'https://again.test' }));
    vi.stubEnv('KUBECONFIG', [join(folder, 'missing'), one, two, again].join(':'));
    expect((await loadConfig()).server).toBe('https://one.test');
    expect((await loadConfig({ context: 'two' })).server).toBe('https://two.test');
    vi.stubEnv('KUBECONFIG', join(folder, 'missing'));
    await expect(loadConfig()).rejects.toThrow(/KUBECONFIG names no file that exists/);
  });

  it('is the ServiceAccount in a Pod, even where there is a file at home', async () => {
    const account = 'var/run/secrets/kubernetes.io/serviceaccount';
    write('.kube/config', kubeconfig({ server: 'https://home.test' }));
    write(`${account}/token`, 'one\n');
    write(`${account}/namespace`, 'openstack\n');
    write(`${account}/ca.crt`, 'PEM');
    expect((await loadConfig({ root: folder })).server).toBe('https://home.test');
    vi.stubEnv('KUBERNETES_SERVICE_HOST', 'fd00::1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '6443');
    const connection = await loadConfig({ root: folder });
    expect(connection).toMatchObject({ server: 'https://[fd00::1]:6443', namespace: 'openstack' });
    expect(await connection.credentials()).toEqual({
      headers: { authorization: 'Bearer one' },
      tls: { ca: Buffer.from('PEM') },
    });
  });

  it.each([
    ['nothing is there', undefined, /no cluster is configured: .*\.kube\/config/],
    ['no YAML', '{', /is not a kubeconfig/],
    ['no mapping', 'hello', /is not a kubeconfig: it is not a mapping/],
    ['no server', stringify({ clusters: [{ name: 'a', cluster: {} }] }), /clusters\[0\]\.cluster\.server is missing/],
    ['no context', stringify({ clusters: [] }), /no current-context/],
    ['an unknown context', stringify({ 'current-context': 'x' }), /no context "x"/],
    [
      'an unknown cluster',
      stringify({ 'current-context': 'x', contexts: [{ name: 'x', context: { cluster: 'y' } }] }),
      /no cluster "y"/,
    ],
    [
      'no URL',
      kubeconfig({ server: 'example.test:6443' }),
      /cluster "main" of the kubeconfig: "example\.test:6443" is not an http or https URL/,
    ],
    [
      'a password in the URL',
      kubeconfig({ server: 'https://me:hush@example.test' }),
      /^cluster "main" of the kubeconfig: the address of example\.test must have neither user nor query(?!.*hush)/,
    ],
  ])('is an error when %s', async (_, text, message) => {
    if (text !== undefined) write('.kube/config', text);
    await expect(loadConfig()).rejects.toThrow(ConfigError);
    await expect(loadConfig()).rejects.toThrow(message);
  });
});

describe('what a kubeconfig asks for and we cannot do', () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'plugin' };
  it.each([
    ['groups of nobody', { user: { 'as-groups': ['dev'] } }, 'user "main": as-groups: there is no "as"'],
    ['a uid of nobody', { user: { 'as-uid': '1' } }, 'user "main": as-uid: there is no "as"'],
    ['extra of nobody', { user: { 'as-user-extra': { a: ['b'] } } }, 'as-user-extra.a: there is no "as"'],
    ['a name that no header can carry', { user: { as: 'jürgen' } }, 'as: a header can carry ASCII only'],
    [
      'two lines in one header',
      { user: { as: 'a', 'as-groups': ['b\nc'] } },
      'as-groups: a header can carry ASCII only',
    ],
    ['one group that is no list', { user: { as: 'a', 'as-groups': 'dev' } }, 'as-groups: it must be a list'],
    ['extra that is no list', { user: { as: 'a', 'as-user-extra': { b: 'c' } } }, 'as-user-extra.b: it must be a list'],
    [
      'a certificate without a key',
      { user: { 'client-certificate': 'a' } },
      'client-certificate: there is no client-key',
    ],
    [
      'a key without a certificate',
      { user: { 'client-key-data': 'YQ==' } },
      'client-key: there is no client-certificate',
    ],
    ['two ways to say who we are', { user: { token: 'a', username: 'b' } }, 'username: there is a token, too'],
    [
      'a provider that nobody knows',
      { user: { 'auth-provider': { name: 'openstack' } } },
      'auth-provider: "openstack" is not known',
    ],
    [
      'a provider and a plugin',
      { user: { 'auth-provider': { name: 'oidc' }, exec } },
      'auth-provider: there is an exec, too',
    ],
    ['a plugin without a command', { user: { exec: { ...exec, command: '' } } }, 'exec.command is missing'],
    [
      'a plugin of another time',
      { user: { exec: { ...exec, apiVersion: 'client.authentication.k8s.io/v1alpha1' } } },
      'exec.apiVersion: "client.authentication.k8s.io/v1alpha1" is not one of',
    ],
    [
      'a plugin that must ask somebody',
      { user: { exec: { ...exec, interactiveMode: 'Always' } } },
      'exec.interactiveMode: nobody',
    ],
    [
      'a proxy of another kind',
      { cluster: { 'proxy-url': 'ftp://me:hush@a.test' } },
      'cluster "main": proxy-url: it must be an http',
    ],
  ])('is refused by name: %s', async (_, parts, message) => {
    const failure = loadConfig({ content: kubeconfig(parts) });
    await expect(failure).rejects.toThrow(ConfigError);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.not.toThrow('hush');
  });

  it('is no trouble in a context that is not used', async () => {
    const other = { name: 'other', user: { 'as-groups': ['dev'] } };
    const file = [write('one', kubeconfig({})), write('two', kubeconfig(other))].join(':');
    vi.stubEnv('KUBECONFIG', file);
    expect((await loadConfig()).server).toBe('https://example.test:6443');
  });
});

describe('credentials', () => {
  it('of every kind reach the connection; paths are relative to the file', async () => {
    write('ca.pem', 'CA');
    write('cert.pem', 'CERT');
    write('key.pem', 'KEY');
    const file = write(
      'a',
      kubeconfig({
        cluster: {
          'certificate-authority': 'ca.pem',
          'tls-server-name': 'kubernetes',
          'insecure-skip-tls-verify': true,
        },
        user: {
          'client-certificate': 'cert.pem',
          'client-key': 'key.pem',
          username: 'me',
          password: 'pw',
          as: 'other',
        },
      }),
    );
    expect(await (await loadConfig({ kubeconfig: file })).credentials()).toEqual({
      headers: { authorization: `Basic ${Buffer.from('me:pw').toString('base64')}`, 'impersonate-user': 'other' },
      tls: {
        ca: Buffer.from('CA'),
        cert: Buffer.from('CERT'),
        key: Buffer.from('KEY'),
        servername: 'kubernetes',
        rejectUnauthorized: false,
      },
    });
  });

  it('say as whom we act: user, uid, groups and what else there is, each in a header of its own', async () => {
    const user = {
      token: 't',
      as: 'jane',
      'as-uid': '1',
      'as-groups': ['dev', 'ops, all of them'],
      'as-user-extra': { scopes: ['view', 'edit'], 'example.org/(team)': ['a'] },
    };
    const server = await startServer((_, response) => sendJson(response, {}));
    const connection = await loadConfig({ content: kubeconfig({ server: server.url, user }) });
    const transport = createTransport({ connection });
    cleanups.push(
      () => transport.close(),
      () => server.stop(),
    );
    await transport.request({ method: 'GET', path: '/' });
    expect(server.asked[0]?.distinct).toMatchObject({
      authorization: ['Bearer t'],
      'impersonate-user': ['jane'],
      'impersonate-uid': ['1'],
      'impersonate-group': ['dev', 'ops, all of them'],
      'impersonate-extra-scopes': ['view', 'edit'],
      'impersonate-extra-example.org%2f%28team%29': ['a'],
    });
  });

  it('may be absent, and the server plain HTTP', async () => {
    const connection = await loadConfig({ content: kubeconfig({ server: 'http://127.0.0.1:8080' }) });
    expect((await connection.credentials()).headers).toEqual({});
    expect(connection.expire()).toBe(false);
  });

  it('are read again once a minute, and kept while they cannot be read', async () => {
    const token = write('token', 'one');
    const ca = write('ca.pem', 'CA');
    let now = 0;
    const content = kubeconfig({ cluster: { 'certificate-authority': ca }, user: { tokenFile: token } });
    const connection = await loadConfig({ content, now: () => now });
    const first = await connection.credentials();
    expect(first.headers).toEqual({ authorization: 'Bearer one' });
    write('token', 'two\n');
    now = 59_000;
    expect(await connection.credentials()).toBe(first);
    now = 60_000;
    const second = await connection.credentials();
    expect(second.headers).toEqual({ authorization: 'Bearer two' });
    // The same object, or every rotation of a token would cost all connections.
    expect(second.tls).toBe(first.tls);
    rmSync(token);
    now = 120_000;
    expect(await connection.credentials()).toBe(second);
    write('token', 'three');
    write('ca.pem', 'OTHER CA');
    now = 130_000;
    const third = await connection.credentials();
    expect(third.headers).toEqual({ authorization: 'Bearer three' });
    expect(third.tls).toEqual({ ca: Buffer.from('OTHER CA') });
  });

  it('that rotated on disk are taken up at once when the server refuses the old ones', async () => {
    const token = write('token', 'old');
    const server = await startServer(({ headers }, response) => {
      if (headers.authorization === `Bearer ${readFileSync(token, 'utf8')}`) sendJson(response, {});
      else sendStatus(response, 401, 'Unauthorized');
    });
    const transport = createTransport({
      connection: await loadConfig({ content: kubeconfig({ server: server.url, user: { tokenFile: token } }) }),
    });
    cleanups.push(
      () => transport.close(),
      () => server.stop(),
    );
    await transport.request({ method: 'GET', path: '/' });
    write('token', 'new');
    await transport.request({ method: 'GET', path: '/' });
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ]);
  });

  it('of a kubeconfig that was written anew are taken up when the server refuses the old ones, on the same connections', async () => {
    const file = write('a', kubeconfig({ user: { token: 'old' } }));
    const connection = await loadConfig({ kubeconfig: file });
    const before = await connection.credentials();
    expect(connection.expire()).toBe(false);
    write('a', kubeconfig({ user: { token: 'new' } }));
    expect(connection.expire()).toBe(true);
    const after = await connection.credentials();
    expect(after.headers).toEqual({ authorization: 'Bearer new' });
    expect(after.tls).toBe(before.tls);
  });

  it('that lie in an empty file are none', async () => {
    const token = write('token', '\n');
    const connection = await loadConfig({ content: kubeconfig({ user: { tokenFile: token } }) });
    await expect(connection.credentials()).rejects.toThrow(`the token file ${token} is empty`);
  });

  it('of the server are checked also for those who have none of their own', async () => {
    const content = stringify({
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a' } }],
      clusters: [{ name: 'a', cluster: { server: 'https://a.test', 'certificate-authority': write('ca.pem', 'CA') } }],
    });
    expect(await (await loadConfig({ content })).credentials()).toEqual({
      headers: {},
      tls: { ca: Buffer.from('CA') },
    });
  });

  it('come from a plugin, which runs once for all who wait, and again after a refusal', async () => {
    const runs = join(folder, 'runs');
    const plugin = write(
      'bin/plugin',
      [
        '#!/bin/sh',
        `echo "$1 $KUBERNETES_EXEC_INFO" >> ${runs}`,
        `n=$(wc -l < ${runs})`,
        `echo "{\\"apiVersion\\": \\"client.authentication.k8s.io/v1\\", \\"kind\\": \\"ExecCredential\\", \\"status\\": {\\"token\\": \\"token-$n\\"}}"`,
      ].join('\n'),
    );
    chmodSync(plugin, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './bin/plugin', args: ['get'] };
    const connection = await loadConfig({ kubeconfig: write('a', kubeconfig({ user: { exec } })) });
    const all = await Promise.all(Array.from({ length: 5 }, () => Promise.resolve(connection.credentials())));
    expect(all.map(({ headers }) => headers['authorization'])).toEqual(
      Array.from({ length: 5 }, () => 'Bearer token-1'),
    );
    expect(readFileSync(runs, 'utf8')).toBe(
      'get {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}\n',
    );
    expect(connection.expire()).toBe(true);
    expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer token-2' });
  });

  it('come from a plugin that is told of the cluster where it wants to know', async () => {
    const plugin = write(
      'plugin',
      [
        '#!/bin/sh',
        `echo "$KUBERNETES_EXEC_INFO" > ${join(folder, 'info')}`,
        `echo "{\\"kind\\": \\"ExecCredential\\", \\"status\\": {\\"token\\": \\"$REALM\\"}}"`,
      ].join('\n'),
    );
    chmodSync(plugin, 0o755);
    const cluster = {
      'certificate-authority': write('ca.pem', 'CA'),
      'tls-server-name': 'kubernetes',
      extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'a' } }],
    };
    const apiVersion = 'client.authentication.k8s.io/v1';
    const env = [{ name: 'REALM', value: 'of-the-env' }];
    const exec = { apiVersion, command: plugin, env, provideClusterInfo: true, interactiveMode: 'IfAvailable' };
    const connection = await loadConfig({ content: kubeconfig({ cluster, user: { exec } }) });
    expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer of-the-env' });
    expect(JSON.parse(readFileSync(join(folder, 'info'), 'utf8'))).toEqual({
      kind: 'ExecCredential',
      apiVersion,
      spec: {
        interactive: false,
        cluster: {
          server: 'https://example.test:6443',
          'tls-server-name': 'kubernetes',
          'certificate-authority-data': Buffer.from('CA').toString('base64'),
          config: { audience: 'a' },
        },
      },
    });
  });

  it('of a plugin that is not there are an error that says how to get it', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'no-such-plugin',
      installHint: 'apt install no-such-plugin',
    };
    const connection = await loadConfig({ content: kubeconfig({ user: { exec } }) });
    await expect(connection.credentials()).rejects.toThrow('there is no no-such-plugin: apt install no-such-plugin');
  });

  it('that a plugin refuses to give are an error of the call', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', 'echo please log in >&2; exit 1'],
    };
    const transport = createTransport({ connection: await loadConfig({ content: kubeconfig({ user: { exec } }) }) });
    cleanups.push(() => transport.close());
    await expect(transport.request({ method: 'GET', path: '/x' })).rejects.toMatchObject({
      code: 0,
      reason: 'ConnectionFailed',
      message: expect.stringMatching(/^GET https:\/\/example\.test:6443\/x: credentials: please log in/) as string,
    });
  });
});

it.each([
  ['compressed', {}, 'gzip'],
  ['as they are where the kubeconfig says so', { 'disable-compression': true }, undefined],
])('long answers come %s', async (_, cluster, expected) => {
  const server = await startServer((__, response) => sendJson(response, { metadata: {}, items: [] }));
  const connection = await loadConfig({ content: kubeconfig({ server: server.url, cluster }) });
  const transport = createTransport({ connection });
  cleanups.push(
    () => transport.close(),
    () => server.stop(),
  );
  await createClient(transport).list(ConfigMap);
  expect(server.asked[0]?.headers['accept-encoding']).toBe(expected);
});

it('goes through the proxy that the kubeconfig names, over one tunnel', async () => {
  const authority = await makeAuthority();
  const server = await startServer(
    (_, response) => sendJson(response, {}),
    await authority.issue('server', ['127.0.0.1']),
  );
  const tunnels: string[] = [];
  const proxy = createHttp();
  proxy.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '');
    const { hostname, port } = new URL(`http://${request.url}`);
    const through = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(through).pipe(socket);
    });
    for (const end of [socket, through]) end.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const cluster = {
    'certificate-authority-data': Buffer.from(authority.ca).toString('base64'),
    'proxy-url': `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  };
  const transport = createTransport({
    connection: await loadConfig({ content: kubeconfig({ server: server.url, cluster }) }),
  });
  cleanups.push(
    () => transport.close(),
    () => server.stop(),
    () => new Promise((resolve) => proxy.close(resolve)),
  );
  await transport.request({ method: 'GET', path: '/x' });
  await transport.request({ method: 'GET', path: '/x' });
  expect(server.asked).toHaveLength(2);
  expect(tunnels).toEqual([new URL(server.url).host]);
});
