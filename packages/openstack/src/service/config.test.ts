// What a user reads and what runs, when `spec.config` is good, conflicting, misspelt or backed by a Secret.
import { labels, type ConfigOverride, type ServiceSpec } from '@stackwright/api';
import { Deployment, Job, Secret } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineCatalog } from '../catalog/catalog.js';
import { databaseSection } from '../config/sections.js';
import { refusedExitCode } from '../config/validator.js';
import { secretWith } from '../secrets/secret.js';
import { sampleKind } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';
import type { ServiceObject } from './builder.js';
import { defineService, type ServiceOptions } from './define-service.js';

const Glance = sampleKind<ServiceObject>('Glance');

const catalog = defineCatalog({
  service: 'glance',
  user: { uid: 1, gid: 1 },
  releases: {
    '2025.1': {
      image: 'glance',
      tag: '2025.1',
      commands: {},
      wsgi: { api: 'glance.wsgi:application' },
      configNamespaces: { 'glance-api.conf': ['glance.api', 'oslo.db'] },
      dynamicOptions: {
        'glance-api.conf': [{ sections: { namedBy: 'DEFAULT.enabled_backends' }, options: ['weight'] }],
      },
    },
  },
});

const graph = (options: ServiceOptions<ServiceObject>) =>
  defineService<ServiceObject>(
    Glance,
    catalog,
    (s) => {
      const database = s.database();
      const config = s.config({
        directory: '/etc/glance',
        files: {
          'glance-api.conf': (scope) => ({
            DEFAULT: { enabled_backends: 'fs:file', workers: 1 },
            database: databaseSection(scope.output(database)),
          }),
          'paste.ini': () => ({ 'filter:x': { use: 'y' } }),
        },
        after: [database],
      });
      s.api({ port: 9292, probe: '/healthcheck', config });
    },
    options,
  );

let harness: ServiceHarness<ServiceObject>;

const spec: ServiceSpec = { release: '2025.1', replicas: 1, deletionPolicy: 'Retain' };
const api = (options: ConfigOverride[string]): ConfigOverride => ({ 'glance-api.conf': options });
const configure = (config: ConfigOverride | null, more: object = {}) =>
  harness.edit(Glance, 'sample', { spec: { config, ...more } });
const ready = () => harness.condition('Ready');
const conf = () => harness.file('glance-api.conf');
const podTemplate = () => harness.api.peek(Deployment, { namespace: 'ns', name: 'sample' })?.spec?.template;
const jobs = async () => (await harness.listed(Job)) as Job[];
const candidates = async () =>
  ((await harness.listed(Secret)) as Secret[]).filter(({ metadata }) => /-config-check-/.test(metadata?.name ?? ''));
/** What the Job is given. */
const given = async (file: string) => Buffer.from((await candidates())[0]?.data?.[file] ?? '', 'base64').toString();

const offer = (name: string, values: Record<string, string>, offered = true) =>
  harness.seedSecret(name, values, offered ? { [labels.usableBy]: 'glance' } : {});

/** The Job ends as the program in it does. */
async function endCheck(message: string, exitCode: number): Promise<void> {
  const [job] = await jobs();
  if (job) await harness.endPod(job, exitCode, message);
  await harness.endJobs('config-check', exitCode === 0 ? 'Complete' : 'Failed');
}

const refuse = (message: string, exitCode = refusedExitCode) => endCheck(message, exitCode);

beforeEach(async () => {
  harness = new ServiceHarness(graph);
  await harness.standUp({ apiVersion: 'glance.dev/v1', kind: 'Glance', spec });
  expect(ready()).toMatchObject({ status: 'True' });
});

describe('a good override', () => {
  it('is checked in a Job of the same image before it is rolled out, and costs nothing then', async () => {
    const before = podTemplate();
    await configure(api({ DEFAULT: { workers: 3 }, fs: { weight: 2 } }));
    await harness.settle();
    const [job] = await jobs();
    expect(job?.metadata?.name).toMatch(/^sample-config-check-[0-9a-f]{8}$/);
    expect(job?.spec?.template.spec?.containers[0]).toMatchObject({
      image: 'localhost/stackwright/glance:2025.1',
      command: ['python3', '/etc/stackwright/check/validate.py'],
    });
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', reason: 'JobRunning' });
    // A good change is no trouble: the service works on, and is Ready for what it was told before.
    expect(ready()).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(podTemplate()).toEqual(before);
    expect(JSON.parse(await given('check.json'))).toEqual({
      'glance-api.conf': {
        namespaces: ['glance.api', 'oslo.db'],
        dynamic: [{ sections: { namedBy: 'DEFAULT.enabled_backends' }, options: ['weight'] }],
        owned: expect.objectContaining({
          database: expect.objectContaining({ connection: 'it comes from the database claim' }) as object,
        }) as object,
        set: { DEFAULT: { workers: false }, fs: { weight: false } },
      },
    });
    expect(await given('glance-api.conf')).toContain('workers = 3\n');

    await harness.endJobs();
    await harness.rollOut();
    expect(ready()).toMatchObject({ status: 'True' });
    expect(conf()).toContain('workers = 3\n');
    expect(podTemplate()).not.toEqual(before);
    // That it was checked is remembered with what runs.
    expect(await jobs()).toEqual([]);
    expect(await candidates()).toEqual([]);
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it('shows no credential of a claim to the Job, nor waits for it when only those change', async () => {
    await configure(api({ DEFAULT: { workers: 3 } }));
    await harness.settle();
    expect(await given('glance-api.conf')).not.toContain('db-canary');
    await harness.endJobs();
    const secret = 'sample-database-connection';
    await harness.edit(Secret, secret, secretWith(secret, { ...harness.connections.database, password: 'other' }));
    await harness.settle();
    expect(conf()).toContain(':other@');
    expect(await jobs()).toEqual([]);
  });

  it('is refused all the same when the Job that refused it is deleted', async () => {
    const before = podTemplate();
    await configure(api({ DEFAULT: { wrokers: 3 } }));
    await harness.settle();
    await refuse('spec.config["glance-api.conf"].DEFAULT.wrokers: no such option');
    await harness.settle();
    const refusal = ready();
    expect(refusal).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
    for (const job of await jobs()) await harness.api.delete(Job, { namespace: 'ns', name: job.metadata?.name ?? '' });
    expect(await harness.writesOf(() => harness.later(3_600_000))).toEqual([]);
    expect([await jobs(), podTemplate()]).toEqual([[], before]);
    expect(ready()).toEqual(refusal);
  });

  it('is checked again for another image, before its Pods are', async () => {
    await configure(api({ DEFAULT: { workers: 3 } }));
    await harness.settle();
    await harness.endJobs();
    await harness.rollOut();
    await harness.edit(Glance, 'sample', { spec: { image: 'mirror.example/glance:next' } });
    await harness.settle();
    expect((await jobs())[0]?.spec?.template.spec?.containers[0]?.image).toBe('mirror.example/glance:next');
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'False', reason: 'JobRunning' });
  });

  it('with names that will go is rolled out, and they are told of until they are gone', async () => {
    const message = 'spec.config["glance-api.conf"].DEFAULT.old is called [DEFAULT] new now';
    await configure(api({ DEFAULT: { old: 3 } }));
    await harness.settle();
    await endCheck(message, 0);
    await harness.rollOut();
    expect(ready()).toMatchObject({ status: 'True', message: `Config: ${message}` });
    expect(harness.condition('ConfigReady')).toMatchObject({ status: 'True', reason: 'DeprecatedConfig', message });
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await configure(null);
    await harness.settle();
    await harness.rollOut();
    expect(ready()).toMatchObject({ status: 'True', message: '' });
  });

  it('needs no Job where no package knows the file, or where nothing is set', async () => {
    await configure({ 'paste.ini': { 'filter:x': { use: 'z' } }, 'glance-api.conf': { DEFAULT: {} } });
    await harness.settle();
    await harness.rollOut();
    expect(ready()).toMatchObject({ status: 'True' });
    expect(await jobs()).toEqual([]);
  });

  it('judges nothing but what is ours where that is asked for: older names of that only the packages know', async () => {
    const before = conf();
    await configure(api({ DEFAULT: { sql_connection: 'x' }, vendor: { made_up: 1 } }), { configValidation: 'Off' });
    await harness.settle();
    const check = JSON.parse(await given('check.json')) as Record<string, unknown>;
    expect(check['glance-api.conf']).toMatchObject({ ownedOnly: true, set: { vendor: { made_up: false } } });
    const message = 'spec.config["glance-api.conf"].DEFAULT.sql_connection: is called [database] connection now';
    await refuse(message);
    expect(ready()).toMatchObject({ reason: 'InvalidConfig' });
    expect(ready()?.message).toContain(message);
    expect(conf()).toBe(before);
    await configure(null);
    await harness.settle();
    await configure(api({ vendor: { made_up: 1 } }), { configValidation: 'Off' });
    await harness.settle();
    await endCheck('', 0);
    await harness.rollOut();
    expect(conf()).toContain('[vendor]\nmade_up = 1\n');
  });
});

describe('a conflicting override', () => {
  it('is refused with the reason, without asking anybody', async () => {
    const before = [podTemplate(), conf()];
    await configure(api({ Database: { connection: 'mysql://elsewhere' } }));
    await harness.settle();
    expect(ready()).toMatchObject({
      reason: 'InvalidConfig',
      message: 'spec.config["glance-api.conf"].Database.connection cannot be set: it comes from the database claim',
    });
    expect([podTemplate(), conf()]).toEqual(before);
    expect(await jobs()).toEqual([]);
  });
});

describe('a misspelt override', () => {
  const said = 'spec.config["glance-api.conf"].DEFAULT.debgu: no such option; did you mean debug?';

  it('is named with what was meant, once, and what runs stays', async () => {
    const before = [podTemplate(), conf()];
    await configure(api({ DEFAULT: { debgu: true } }));
    await harness.settle();
    await refuse(`DeprecationWarning: something\n${said}`);
    await harness.settle();
    expect(ready()).toMatchObject({ status: 'False', reason: 'InvalidConfig', message: said });
    expect([podTemplate(), conf()]).toEqual(before);
    // It would say the same again.
    await harness.clock.advance(3_600_000);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);

    await configure(api({ DEFAULT: { debug: true } }));
    await harness.settle();
    await harness.endJobs();
    await harness.rollOut();
    expect(ready()).toMatchObject({ status: 'True' });
    expect(conf()).toContain('debug = true\n');
  });

  it('does no more harm once it is taken back', async () => {
    await configure(api({ DEFAULT: { debgu: true } }));
    await harness.settle();
    await refuse(said);
    await configure(null);
    await harness.settle();
    expect(ready()).toMatchObject({ status: 'True' });
    expect([await jobs(), await candidates()]).toEqual([[], []]);
  });

  it('is not waited for when it is taken back while it is checked', async () => {
    await configure(api({ DEFAULT: { debgu: true } }));
    await harness.settle();
    expect(await jobs()).toHaveLength(1);
    await configure(null);
    await harness.settle();
    expect(ready()).toMatchObject({ status: 'True' });
    expect([await jobs(), await candidates()]).toEqual([[], []]);
  });

  it('is told from a check that could not be done, which is tried again', async () => {
    await configure(api({ DEFAULT: { workers: 3 } }));
    await harness.settle();
    const [job] = await jobs();
    await refuse('Killed', 137);
    expect(ready()).toMatchObject({ reason: 'JobFailed', message: expect.stringContaining('Killed') as string });
    await harness.clock.advance(10_000);
    await harness.settle();
    expect((await jobs())[0]?.metadata?.uid).not.toBe(job?.metadata?.uid);
  });
});

describe('an override from a Secret', () => {
  const config = api({ DEFAULT: { registry_key: { secretKeyRef: { name: 'keys', key: 's3' } } } });
  const canary = 'pa$$word-canary';

  it('is in the configuration only, and rolls the Pods once when it changes', async () => {
    await offer('keys', { s3: `${canary}\n` });
    await configure(config);
    await harness.settle();
    expect(JSON.parse(await given('check.json'))).toMatchObject({
      'glance-api.conf': { set: { DEFAULT: { registry_key: true } } },
    });
    await harness.endJobs();
    await harness.rollOut();
    expect(ready()).toMatchObject({ status: 'True' });
    expect(conf()).toContain('registry_key = pa$$$$word-canary\n');
    expect(await harness.said(Deployment, Job, Glance)).not.toContain('word-canary');

    const before = podTemplate();
    await harness.edit(Secret, 'keys', { data: { s3: Buffer.from('other').toString('base64') } });
    await harness.settle();
    await harness.endJobs();
    const writes = await harness.writesOf(() => harness.rollOut());
    expect(conf()).toContain('registry_key = other\n');
    expect(podTemplate()).not.toEqual(before);
    expect(writes.filter((write) => write.startsWith('apply deployments'))).toEqual([]);
    expect(ready()).toMatchObject({ status: 'True' });
  });

  it.each<[string, () => Promise<void>, object]>([
    [
      'is missing',
      () => Promise.resolve(),
      {
        reason: 'WaitingForObject',
        message: 'Secret keys (spec.config["glance-api.conf"].DEFAULT.registry_key) does not exist',
      },
    ],
    [
      'is not offered',
      () => offer('keys', { s3: canary }, false),
      {
        reason: 'SecretNotOffered',
        message: expect.stringContaining('label it stackwright.dev/usable-by=glance') as string,
      },
    ],
    [
      'lacks the key',
      () => offer('keys', { other: canary }),
      { reason: 'SecretIncomplete', message: expect.stringContaining('registry_key) lacks s3') as string },
    ],
    [
      'has several lines',
      () => offer('keys', { s3: `${canary}\n[database]` }),
      {
        reason: 'SecretIncomplete',
        message: expect.stringMatching(/registry_key\) cannot be used: "s3" has more than one line$/) as string,
      },
    ],
  ])('that %s is named, and what runs stays', async (_what, prepare, condition) => {
    const before = [podTemplate(), conf()];
    await prepare();
    await configure(config);
    await harness.settle();
    expect(ready()).toMatchObject({ status: 'False', ...condition });
    expect([podTemplate(), conf()]).toEqual(before);
    expect(await harness.said(Glance)).not.toContain('canary');
  });

  it('is not taken for something else when it is spelt wrongly', async () => {
    const wrong = { secretKeyRef: { name: 'keys' } } as unknown as string;
    await configure(api({ DEFAULT: { registry_key: wrong } }));
    await harness.settle();
    expect(ready()?.message).toContain('DEFAULT.registry_key is neither a string');
    expect(ready()?.message).toContain('{ secretKeyRef: { name, key } }');
  });
});
