import { describe, expect, it } from 'vitest';
import type { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../shared/objects.js';
import { pod as makePod, web } from '../testing/manifests.js';
import { resourceValue } from './downward.js';
import { buildEnv, expand, expandAll, referencesOf, type EnvContext } from './env.js';

const pod = { ...makePod('api', { nodeName: 'n' }, { app: 'api' }) } as Stored<Pod>;
pod.metadata.uid = 'uid';
const context: EnvContext = {
  pod,
  addresses: { podIP: '10.0.0.1', hostIP: '10.0.0.254' },
  node: { cpus: 4, memoryBytes: 2 ** 30 },
  sources: {
    secret: (_namespace, name) =>
      name === 'db'
        ? { apiVersion: 'v1', kind: 'Secret', data: { password: Buffer.from('p$(x)').toString('base64') } }
        : undefined,
    configMap: (_namespace, name) =>
      name === 'conf' ? { apiVersion: 'v1', kind: 'ConfigMap', data: { region: 'RegionOne' } } : undefined,
  },
  defaults: { KUBERNETES_SERVICE_HOST: '10.1.0.1' },
};
const env = (container: Partial<Container>): Record<string, string> =>
  Object.fromEntries(buildEnv(web(container), context).map(({ name, value }) => [name, value]));
const field = (fieldPath: string): Partial<Container> => ({
  env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath } } }],
});

describe('the environment of a container', () => {
  it.each([
    ['metadata.name', 'api'],
    ['metadata.namespace', 'test'],
    ['metadata.uid', 'uid'],
    ["metadata.labels['app']", 'api'],
    ["metadata.annotations['none']", ''],
    ['spec.nodeName', 'n'],
    ['spec.serviceAccountName', 'default'],
    ['status.podIP', '10.0.0.1'],
    ['status.hostIP', '10.0.0.254'],
  ])('has %s', (path, value) => {
    expect(env(field(path))['X']).toBe(value);
  });

  it('is refused for a field that does not exist', () => {
    expect(() => env(field('spec.secret'))).toThrow('unsupported fieldPath: spec.secret');
  });

  it('says how to reach the API server, unless told otherwise', () => {
    expect(env({})).toEqual({ KUBERNETES_SERVICE_HOST: '10.1.0.1' });
    expect(env({ env: [{ name: 'KUBERNETES_SERVICE_HOST', value: 'api' }] })).toEqual({
      KUBERNETES_SERVICE_HOST: 'api',
    });
  });

  it('lets later settings win, and variables refer to earlier ones', () => {
    const result = env({
      envFrom: [{ configMapRef: { name: 'conf' } }],
      env: [
        { name: 'A', value: '$(region)-$(B)' },
        { name: 'B', value: 'b' },
        { name: 'region', value: 'RegionTwo' },
        { name: 'C', value: '$(A)/$(B)/$(region)/$(KUBERNETES_SERVICE_HOST)' },
      ],
    });
    expect(result).toMatchObject({ A: 'RegionOne-$(B)', C: 'RegionOne-$(B)/b/RegionTwo/10.1.0.1' });
  });

  it.each([
    ['variables that name the one before twice', 40, (at: number) => `$(V${at - 1})$(V${at - 1})`],
    ['one that names another very often', 3, () => '$(V0)'.repeat(100_000)],
    ['very many that name another', 60_000, () => '$(V0)'],
  ])('is refused when it is more than a program can be started with: %s', (_what, count, value) => {
    const list = Array.from({ length: count }, (_, at) => ({
      name: `V${at}`,
      value: at ? value(at) : 'x'.repeat(1000),
    }));
    expect(() => env({ env: list })).toThrow(/more than \d+ characters/);
  });

  it('takes Secrets as they are', () => {
    expect(env({ env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }] })['P']).toBe(
      'p$(x)',
    );
  });

  it('leaves out what is optional and missing', () => {
    const optional = { name: 'none', key: 'k', optional: true };
    expect(
      env({
        env: [
          { name: 'X', valueFrom: { secretKeyRef: optional } },
          { name: 'Y', valueFrom: { configMapKeyRef: optional } },
        ],
      }),
    ).not.toHaveProperty('X');
  });

  it.each<[string, Partial<Container>]>([
    ['secret "none" not found', { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }] }],
    [
      "couldn't find key k in Secret test/db",
      { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'db', key: 'k' } } }] },
    ],
    ['configmap "none" not found', { envFrom: [{ configMapRef: { name: 'none' } }] }],
    [
      "couldn't find key k in ConfigMap test/conf",
      { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'conf', key: 'k' } } }] },
    ],
  ])('fails with: %s', (message, container) => {
    expect(() => env(container)).toThrow(expect.objectContaining({ reason: 'CreateContainerConfigError', message }));
  });
});

it.each([
  ['$(A)', 'a'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$a'],
  ['$(none)', '$(none)'],
  ['$A $( $', '$A $( $'],
])('expands %s to %s', (text, expected) => {
  expect(expand(text, { A: 'a' })).toBe(expected);
});

it('arguments are refused when they are more than a program can be started with', () => {
  const long = { A: 'a'.repeat(100_000) };
  expect(expandAll(['$(A)', '$$(A)', '$(B)'], long)).toEqual([long.A, '$(A)', '$(B)']);
  expect(() => expandAll(['$(A)$(A)'], long)).toThrow('more than 131072 characters');
  expect(() => expandAll(Array(30).fill('$(A)'), long)).toThrow('more than 2097152 characters');
});

it.each([
  ['limits.cpu', '1', '2'],
  ['limits.cpu', '1m', '1500'],
  ['requests.memory', '1Mi', '64'],
  ['limits.memory', '1Mi', '1024'],
  ['requests.cpu', '1m', '1500'],
])('counts %s in units of %s as %s', (resource, divisor, expected) => {
  const container = web({ resources: { limits: { cpu: '1500m' }, requests: { memory: '64Mi' } } });
  expect(resourceValue(container, { resource, divisor }, context.node)).toBe(expected);
});

it('knows every Secret and ConfigMap that a Pod reads', () => {
  const reader = makePod('reader', {
    initContainers: [web({ envFrom: [{ secretRef: { name: 'a' } }] })],
    containers: [web({ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'b', key: 'k' } } }] })],
    volumes: [
      { name: 'c', secret: { secretName: 'c' } },
      { name: 'd', projected: { sources: [{ configMap: { name: 'd' } }, { secret: { name: 'e' } }] } },
    ],
  });
  expect([...referencesOf(reader)].sort()).toEqual(['ConfigMap/b', 'ConfigMap/d', 'Secret/a', 'Secret/c', 'Secret/e']);
});
