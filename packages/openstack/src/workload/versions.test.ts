// Which Secrets and ConfigMaps there are while configurations come and go, for what still mounts them.
import {
  ConfigMap,
  CronJob,
  Deployment,
  Job,
  Pod,
  ReplicaSet,
  Secret,
  type KubeObject,
  type Resource,
} from '@stackwright/kube';
import { labels } from '@stackwright/api';
import { beforeEach, describe, expect, it } from 'vitest';
import { secretWith } from '../secrets/secret.js';
import { sample, sampleService, Sample } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

let harness: ServiceHarness<Sample>;
let first: string;

const at = (name: string) => ({ namespace: 'ns', name });
const current = () => harness.mounted('sample-config');
const deployment = () => harness.api.peek(Deployment, at('sample'));
const configure = async (workers: number) => {
  await harness.edit(Sample, 'sample', { spec: { config: { 'sample.conf': { DEFAULT: { workers } } } } });
  await harness.settle();
};
const versions = async (kind: Resource, base: string) =>
  (await harness.listed(kind))
    .map(({ metadata }) => metadata?.name ?? '')
    .filter((name) => name.replace(/-[0-9a-f]{8}$/, '-#') === `${base}-#`)
    .sort();
const configs = () => versions(Secret, 'sample-config');

/** What a controller of Kubernetes makes of a template: here, of the Deployment's. */
async function made(kind: Resource, name: string): Promise<void> {
  const { metadata, spec } = deployment()?.spec?.template ?? {};
  const template = { metadata: metadata ?? {}, spec };
  const specs: Record<string, unknown> = {
    Pod: spec,
    Job: { template },
    ReplicaSet: { replicas: 0, selector: {}, template },
    CronJob: { schedule: '@daily', jobTemplate: { spec: { template } } },
  };
  const object = { metadata: { ...at(name), labels: metadata?.labels ?? {} }, spec: specs[kind.kind] };
  await harness.api.seed<KubeObject>(kind, object);
}

beforeEach(async () => {
  harness = new ServiceHarness(sampleService, { kinds: [Sample] });
  await harness.standUp(sample());
  await harness.settle();
  first = current();
});

describe('a new configuration', () => {
  it('is a Secret of its own, which cannot be changed, and what runs keeps the old one until nothing runs with it', async () => {
    const before = harness.api.peek(Secret, at(first));
    const { volumes, containers } = deployment()?.spec?.template.spec ?? {};
    expect(before).toMatchObject({ immutable: true });
    const writes = await harness.writesOf(() => configure(3));
    expect(current()).not.toBe(first);
    expect(await configs()).toEqual([first, current()].sort());
    expect(harness.api.peek(Secret, at(first))).toEqual(before);
    // It is there before a template names it.
    const applied = writes.filter((write) => write.startsWith('apply'));
    expect(applied).toEqual([`apply secrets ns/${current()}`, 'apply deployments.apps ns/sample']);
    // Nothing else of the Pods differs, so that a plan says just this.
    const renamed = JSON.stringify([volumes, containers]).replaceAll(first, current());
    const { spec } = deployment()?.spec?.template ?? {};
    expect(JSON.stringify([spec?.volumes, spec?.containers])).toBe(renamed);

    await harness.rollOut();
    expect(await configs()).toEqual([current()]);
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it.each<[string, Resource, object | undefined]>([
    ['a revision that one may go back to', ReplicaSet, undefined],
    ['a Pod', Pod, { phase: 'Succeeded' }],
    ['a Job', Job, { conditions: [{ type: 'Complete', status: 'True' }] }],
    ['a CronJob', CronJob, undefined],
  ])('leaves the old one to %s, without a write, and takes it away afterwards', async (_what, kind, end) => {
    await made(kind, 'sample-user');
    await configure(3);
    await harness.rollOut();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(await configs()).toEqual([first, current()].sort());
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);

    if (end) await harness.edit(kind, 'sample-user', { status: end }, 'status');
    else await harness.api.delete(kind, at('sample-user'));
    expect(await harness.writesOf(() => harness.settle())).toEqual([`delete secrets ns/${first}`]);
    expect(await configs()).toEqual([current()]);
  });

  it('takes none away while it is not known what will be started', async () => {
    await configure(3);
    const second = current();
    // The Deployment's controller has not looked since, and may yet make Pods of either.
    await configure(4);
    harness.restart();
    await harness.settle();
    expect(await configs()).toEqual([first, second, current()].sort());
    await harness.rollOut();
    expect(await configs()).toEqual([current()]);
  });

  it('is taken up again where it was left, by a controller that died in between', async () => {
    harness.api.before = ({ verb, resource }) => {
      if (verb === 'apply' && resource === 'deployments.apps') throw new Error('died');
    };
    await configure(3).catch(() => undefined);
    expect(current()).toBe(first);
    expect(await configs()).toHaveLength(2);
    harness.api.before = undefined;
    harness.restart();
    await harness.edit(Sample, 'sample', { spec: { config: null } });
    await harness.settle();
    expect(await configs()).toEqual([first]);
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('that has been there before is the same Secret', async () => {
    await made(ReplicaSet, 'sample-user');
    await configure(3);
    await harness.rollOut();
    await harness.edit(Sample, 'sample', { spec: { config: null } });
    const writes = await harness.writesOf(() => harness.settle());
    expect(writes.filter((write) => write.includes('secrets'))).toEqual([]);
    expect(current()).toBe(first);
  });
});

it('a Secret that somebody deletes comes back under its name, and no Pod is replaced', async () => {
  const before = deployment();
  await harness.api.delete(Secret, at(first));
  await harness.settle();
  expect(await configs()).toEqual([first]);
  expect(deployment()).toEqual(before);
});

it('the name of a Secret is no way to guess what it holds: other Pods with the same have another', async () => {
  const other = new ServiceHarness(sampleService, { kinds: [Sample] });
  await other.api.seed(Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    ...secretWith('sample-config-salt', { salt: 'another' }),
    metadata: at('sample-config-salt'),
  });
  await other.standUp(sample());
  expect(other.file('sample.conf')).toBe(harness.file('sample.conf'));
  expect(other.mounted('sample-config')).not.toBe(first);
});

it("a user's Secret that is made anew with what it held replaces no Pods", async () => {
  const secret = {
    apiVersion: 'v1' as const,
    kind: 'Secret' as const,
    ...secretWith('key', { key: 'canary' }),
    metadata: { ...at('key'), labels: { [labels.usableBy]: 'sample' } },
  };
  await harness.api.seed(Secret, secret);
  const option = { secretKeyRef: { name: 'key', key: 'key' } };
  await harness.edit(Sample, 'sample', { spec: { config: { 'sample.conf': { DEFAULT: { option } } } } });
  await harness.settle();
  expect(harness.file('sample.conf')).toContain('option = canary\n');
  const before = deployment();
  await harness.api.delete(Secret, at('key'));
  await harness.api.seed(Secret, secret);
  await harness.settle();
  expect(deployment()).toEqual(before);
});

it('files of uwsgi are kept for what runs with them, too', async () => {
  const uwsgi = () => versions(ConfigMap, 'sample-uwsgi');
  const name = harness.mounted('sample-uwsgi');
  const now = harness.api.peek(ConfigMap, at(name));
  expect(now).toMatchObject({ immutable: true });
  // As a controller before this one had it, and a Pod that it has started.
  const before = 'sample-uwsgi-0a0a0a0a';
  const { labels: parts = {}, annotations = {}, ownerReferences = [] } = now?.metadata ?? {};
  const marked = Object.entries(annotations).map(([key, value]) => [key, value.replace(name, before)]);
  const metadata = {
    ...at(before),
    labels: parts,
    annotations: Object.fromEntries(marked) as Record<string, string>,
    ownerReferences,
  };
  await harness.api.seed(ConfigMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {} });
  await harness.api.seed(Pod, {
    metadata: { ...at('old'), labels: { ...parts } },
    spec: { containers: [], volumes: [{ name: 'uwsgi', configMap: { name: before } }] },
  });
  expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  await harness.api.delete(Pod, at('old'));
  await harness.settle();
  expect(await uwsgi()).toEqual([name]);
});
