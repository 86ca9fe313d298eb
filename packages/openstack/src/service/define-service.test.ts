import { CacheClaim, DatabaseClaim, type ServiceSpec } from '@stackwright/api';
import { ConfigMap, Deployment, EndpointSlice, Job, Service, type KubeObject } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { owned } from '../config/oslo-config.js';
import type { FakeHttp } from '../testing/fake-http.js';
import { Sample, sample, sampleCatalog } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';
import { defineService, type ServiceOptions } from './define-service.js';

const graph = (options: ServiceOptions<Sample>) =>
  defineService(
    Sample,
    sampleCatalog,
    (s) => {
      const database = s.database();
      const cache = s.cache();
      const config = s.config({
        directory: '/etc/placement',
        files: {
          'placement.conf': (scope) => ({
            placement_database: { connection: owned(scope.output(database).url, 'it comes from the claim') },
            cache: { memcache_servers: scope.output(cache).servers.join(',') },
          }),
          'policy.yaml': () => '{}\n',
        },
        after: [database, cache],
      });
      const schema = s.dbSync({ config, after: [database], inputs: (scope) => scope.output(database).host });
      s.api({ port: 8778, probe: '/', config, after: [schema] });
    },
    options,
  );

const password = 'p@ss/w$rd-canary';
const canaries = [password, encodeURIComponent(password), Buffer.from(password).toString('base64')];
const name = { namespace: 'ns', name: 'sample' };
const named = (suffix: string) => ({ namespace: 'ns', name: `sample-${suffix}` });

let harness: ServiceHarness<Sample>;
let http: FakeHttp;

async function start(spec: Partial<ServiceSpec> = {}): Promise<void> {
  harness = new ServiceHarness(graph);
  http = harness.http;
  Object.assign(harness.connections.database, { database: 'placement', username: 'placement', password });
  harness.connections.cache = { servers: 'memcached.ns.svc:11211' };
  await harness.begin(sample({ replicas: 2, ...spec }));
}

const jobs = async () => (await harness.listed(Job)) as Job[];

async function listen(...addresses: string[]): Promise<void> {
  await harness.api.delete(EndpointSlice, name).catch(() => undefined);
  await harness.api.seed(EndpointSlice, {
    metadata: { ...name, labels: { 'kubernetes.io/service-name': 'sample' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8778 }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  });
  await harness.settle();
}

async function standUp(spec: Partial<ServiceSpec> = {}): Promise<void> {
  await start(spec);
  await harness.provide();
  await harness.endJobs();
  await harness.replacePods();
  await listen('10.0.0.1');
}

/** What Pods mount of it. */
const mountedConfig = (): string => harness.mounted('sample-config');
const text = (key: string) => harness.file(key);

describe('a service', () => {
  it('stands up step by step, each time saying what it waits for', async () => {
    await start();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'WaitingForClaim' });
    expect(harness.object.status).toMatchObject({
      waitingFor: [{ kind: 'DatabaseClaim', name: 'sample-database' }, { kind: 'CacheClaim' }],
    });
    expect(await harness.listed(Deployment)).toEqual([]);
    await harness.provide();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'JobRunning' });
    await harness.endJobs();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'RolloutInProgress' });
    await harness.replacePods();
    expect(harness.condition('Ready')).toMatchObject({ reason: 'NoReadyEndpoint' });
    expect(harness.object.status).not.toHaveProperty('endpoint');
    await listen('10.0.0.1');
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'http://sample.ns.svc:8778', release: '2025.1' });
    expect(http.asked()).toEqual(['GET http://sample.ns.svc:8778/ @ 10.0.0.1']);
  });

  it('writes nothing more when it is ready, also after a restart', async () => {
    await standUp();
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('renders its configuration from what the claims gave', async () => {
    await standUp();
    expect(text('placement.conf')).toBe(
      '[cache]\nmemcache_servers = memcached.ns.svc:11211\n\n[placement_database]\n' +
        'connection = mysql+pymysql://placement:p%40ss%2Fw%24rd-canary@mariadb.ns.svc:3306/placement\n',
    );
    expect(text('policy.yaml')).toBe('{}\n');
  });

  it('shows a password to nobody but in Secrets', async () => {
    await standUp();
    const kinds = [ConfigMap, Deployment, Job, Service, DatabaseClaim, CacheClaim];
    const shown = (await harness.said(...kinds)) + (await harness.registry.metrics());
    for (const canary of canaries) expect(shown).not.toContain(canary);
  });

  it("runs the catalog's image under the site's prefix, or the object's own", async () => {
    await standUp();
    const image = () => harness.api.peek(Deployment, name)?.spec?.template.spec?.containers[0]?.image;
    expect(image()).toBe('localhost/stackwright/sample:2025.1');
    await harness.set({ image: 'mirror.example/p@sha256:0' });
    await harness.endJobs();
    expect(image()).toBe('mirror.example/p@sha256:0');
  });

  it('makes and changes nothing for a release that it does not know', async () => {
    await start({ release: '2031.1' });
    expect(harness.condition('Ready')).toMatchObject({
      reason: 'UnsupportedRelease',
      message: expect.stringContaining('there is 2025.1') as string,
    });
    expect(harness.written()).toEqual(['patch samples.sample.dev/status ns/sample']);
  });

  it('passes its deletion policy on to the claim that holds data', async () => {
    await start({ deletionPolicy: 'Delete' });
    expect(harness.api.peek(DatabaseClaim, named('database'))?.spec).toMatchObject({
      database: 'sample',
      deletionPolicy: 'Delete',
    });
  });
});

describe('configuration of the user', () => {
  beforeEach(() => standUp());

  it('is merged over ours, and rolls the Pods once', async () => {
    const before = mountedConfig();
    await harness.edit(Sample, 'sample', { spec: { config: { 'placement.conf': { DEFAULT: { debug: true } } } } });
    const writes = await harness.writesOf(() => harness.settle());
    expect(writes.filter((write) => write.startsWith('apply'))).toEqual([
      `apply secrets ns/${mountedConfig()}`,
      'apply deployments.apps ns/sample',
    ]);
    expect(text('placement.conf')).toContain('[DEFAULT]\ndebug = true\n');
    expect(mountedConfig()).not.toBe(before);
    // Its inputs are said to be the database alone.
    expect(await jobs()).toHaveLength(1);
  });

  it.each([
    [
      'a reserved option',
      { 'placement.conf': { placement_database: { connection: 'x' } } },
      /placement_database\.connection cannot be set: it comes/,
    ],
    ['a file that is not there', { 'placement.cnf': {} }, /there is placement\.conf/],
    ['a file that is not of that kind', { 'policy.yaml': {} }, /there is placement\.conf/],
    [
      'a value of several lines',
      { 'placement.conf': { DEFAULT: { a: 'x\n[y]' } } },
      /DEFAULT\.a has more than one line/,
    ],
  ])('that is %s is refused with the option, and what runs stays', async (_what, config, message) => {
    const before = mountedConfig();
    await harness.set({ config });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
    expect(harness.condition('Ready')?.message).toMatch(message);
    expect(mountedConfig()).toBe(before);
    await harness.set({ config: null });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});

describe('an API', () => {
  it('is ready only when it answers, through any of its ready endpoints', async () => {
    await standUp();
    http.answer = 503;
    await listen('10.0.0.1', '10.0.0.2');
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ApiUnreachable' });
    expect(harness.condition('Ready')?.message).toBe(
      'The API does not answer: http://10.0.0.1:8778/ answered 503; http://10.0.0.2:8778/ answered 503',
    );
    // Where it was is still known, though it does not answer now.
    expect(harness.object.status).toMatchObject({ endpoint: 'http://sample.ns.svc:8778' });
    http.answer = 300;
    const { requeueAfter = 0 } = await harness.settle();
    await harness.later(requeueAfter);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('is asked again by itself, so that one that died is noticed', async () => {
    await standUp();
    http.answer = new Error('connect ECONNREFUSED');
    await harness.later(30_000);
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ApiUnreachable' });
  });

  it('answers all the time while Pods are replaced', async () => {
    await standUp();
    expect(harness.api.peek(Deployment, name)?.spec).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      template: { spec: { containers: [{ readinessProbe: { httpGet: { path: '/', port: 'http' } } }] } },
    });
    const selector = harness.api.peek(Service, name)?.spec?.selector;
    const labels = harness.api.peek(Deployment, name)?.spec?.template.metadata?.labels ?? {};
    expect(labels).toMatchObject(selector ?? { none: '' });
    expect((await jobs())[0]?.spec?.template.metadata?.labels).not.toMatchObject(selector ?? {});
  });
});

describe('deletion', () => {
  it('lets everything go that holds no data', async () => {
    await standUp();
    const owned = (
      await Promise.all(
        [ConfigMap, Deployment, Job, Service, DatabaseClaim, CacheClaim].map((kind) => harness.listed(kind)),
      )
    ).flat();
    const owners = owned.map((object: KubeObject) => object.metadata?.ownerReferences?.[0]?.kind);
    expect(owners).toHaveLength(7);
    expect(new Set(owners)).toEqual(new Set(['Sample']));
  });
});
