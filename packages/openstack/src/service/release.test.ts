import { Deployment, Job, Service } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { defineCatalog } from '../catalog/catalog.js';
import { databaseSection } from '../config/sections.js';
import { Sample, sample, sampleCatalog } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';
import { defineService, type ServiceOptions } from './define-service.js';

const release = sampleCatalog.releases['2025.1'];
const catalog = defineCatalog({
  ...sampleCatalog,
  releases: {
    '2024.2': { ...release, tag: '2024.2' },
    '2025.1': release,
    '2026.1': { ...release, tag: '2026.1' },
  },
});

const graph = (options: ServiceOptions<Sample>) =>
  defineService(
    Sample,
    catalog,
    (s) => {
      const database = s.database();
      const config = s.config({
        directory: '/etc/x',
        files: { 'x.conf': (scope) => ({ database: databaseSection(scope.output(database)) }) },
        after: [database],
      });
      s.api({ port: 8000, probe: '/', config, after: [s.dbSync({ config, database })] });
    },
    options,
  );

async function running(): Promise<ServiceHarness<Sample>> {
  const harness = new ServiceHarness(graph);
  await harness.standUp(sample());
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  return harness;
}

const deployment = (harness: ServiceHarness<Sample>) => harness.api.peek(Deployment, harness.at('sample'));
const jobs = async (harness: ServiceHarness<Sample>) =>
  (await harness.listed(Job)).map(({ metadata }) => metadata?.name);

describe('another release than the one that the schema was made for', () => {
  it.each([
    ['a newer one', '2026.1', 'ReleaseChangeNotSupported'],
    ['an older one', '2024.2', 'ReleaseChangeNotSupported'],
    ['one that nobody knows', '2031.2', 'UnsupportedRelease'],
  ])('%s is refused: no Job is made, and the Pods run on as they are', async (_, asked, reason) => {
    const harness = await running();
    const before = [deployment(harness), await jobs(harness)];
    await harness.set({ release: asked });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason });
    expect(harness.condition('Ready')?.message).toContain('it runs on with 2025.1; set spec.release back to that');
    expect([deployment(harness), await jobs(harness)]).toEqual(before);
    expect(harness.object.status).toMatchObject({ release: '2025.1', schemaRelease: '2025.1' });

    await harness.set({ release: '2025.1' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });

  it('does not keep what runs from being looked after, or from being changed otherwise', async () => {
    const harness = await running();
    await harness.set({ release: '2026.1' });
    await harness.api.delete(Service, harness.at('sample'));
    await harness.set({ replicas: 3 });
    expect(harness.api.peek(Service, harness.at('sample'))).toBeDefined();
    expect(deployment(harness)?.spec).toMatchObject({ replicas: 3 });
    expect(deployment(harness)?.spec?.template.spec?.containers[0]?.image).toContain(':2025.1');
  });

  it('does not bring its image either', async () => {
    const harness = await running();
    await harness.set({ release: '2026.1', image: 'example.org/sample:2026.1' });
    expect(deployment(harness)?.spec?.template.spec?.containers[0]?.image).toContain('sample:2025.1');
  });

  it.each([
    ['as its status says', {}],
    ['as its Pods say, of what a version of ours left that noted no image', { image: null, schemaRelease: null }],
  ])('does not bring its image, nor does it by itself, whatever comes back first: %s', async (_, status) => {
    const harness = await running();
    const before = [deployment(harness)?.spec, await jobs(harness)];
    await harness.edit(Sample, 'sample', { status }, 'status');
    await harness.set({ release: '2026.1', image: 'example.org:5000/sample:2026.1-3' });
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ReleaseChangeNotSupported' });
    expect([deployment(harness)?.spec, await jobs(harness)]).toEqual(before);
    await harness.set({ release: '2025.1' });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(harness.condition('Ready')?.message).toContain('sample:2026.1-3 is of another release');
    expect([deployment(harness)?.spec, await jobs(harness)]).toEqual(before);
    await harness.set({ image: 'example.org:5000/sample:2025.1-3' });
    await harness.endJobs();
    expect(deployment(harness)?.spec?.template.spec?.containers[0]?.image).toContain('2025.1-3');
  });

  it('is refused, by the image alone, before there is anything', async () => {
    const harness = new ServiceHarness(graph);
    await harness.begin({ ...sample(), spec: { ...sample().spec, image: 'sample:2026.1' } });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(deployment(harness)).toBeUndefined();
  });

  it('is refused from the moment on that the first Job may have changed the schema', async () => {
    const harness = new ServiceHarness(graph);
    await harness.begin(sample());
    await harness.provide();
    const before = await jobs(harness);
    expect(before).toHaveLength(1);
    await harness.set({ release: '2026.1' });
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ReleaseChangeNotSupported' });
    expect(await jobs(harness)).toEqual(before);
  });

  it('may be asked for before there is any', async () => {
    const harness = new ServiceHarness(graph);
    await harness.begin(sample());
    await harness.set({ release: '2026.1' });
    await harness.provide();
    expect(harness.object.status).toMatchObject({ schemaRelease: '2026.1' });
    expect(harness.condition('UpgradeReady')).toMatchObject({ status: 'True' });
  });

  it('is refused, too, of what a version of ours has made that noted no release of schemas', async () => {
    const harness = await running();
    await harness.edit(Sample, 'sample', { status: { schemaRelease: null, image: null } }, 'status');
    await harness.set({ release: '2026.1' });
    expect(harness.condition('Ready')).toMatchObject({ reason: 'ReleaseChangeNotSupported' });
    expect(await jobs(harness)).toHaveLength(1);
  });
});

describe('a database with another id in the place of the one before', () => {
  it('gets its schema, and what is done to it once', async () => {
    const harness = new ServiceHarness(graph);
    harness.databaseId = 'first';
    await harness.standUp(sample());
    const before = await jobs(harness);
    harness.databaseId = 'second';
    await harness.provide();
    expect(await jobs(harness)).not.toEqual(before);
    expect(harness.condition('DbSyncReady')).toMatchObject({ status: 'False', reason: 'JobRunning' });
    await harness.endJobs();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  });
});
