import { ConfigMap, type Condition, type ManagedFieldsEntry } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const theirs = { status: 'True', reason: 'Done', message: '', lastTransitionTime: '2025-01-01T00:00:00Z' } as const;

/** A step for each extra, and a field of the status for the colour. */
const graph = (steps: readonly string[]) =>
  defineGraph<Sample>(
    Sample,
    (g) => {
      for (const name of steps) {
        const run: Parameters<typeof g.step>[0]['run'] = () => done();
        g.step({ name, owns: [ConfigMap], run });
      }
    },
    { status: ({ object }) => (object.spec.color ? { color: object.spec.color } : {}) },
  );

type Status = Record<string, unknown> & { conditions: Condition[] };
const statusOf = (harness: GraphHarness<Sample>) => harness.object.status as Status;
const types = (harness: GraphHarness<Sample>) => statusOf(harness).conditions.map(({ type }) => type);

async function settled(steps: readonly string[] = ['Config']): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(graph(steps));
  await harness.create(sample({ color: 'red' }));
  await harness.settle();
  return harness;
}

async function addTheirs(harness: GraphHarness<Sample>, type: string, more: object = {}): Promise<void> {
  const conditions = [{ type, ...theirs }, ...statusOf(harness).conditions];
  await harness.edit(Sample, 'sample', { status: { conditions, ...more } }, 'status');
}

describe("what others have written into an object's status", () => {
  it.each(['BackedUp', 'BackupReady'])('stays: the condition %s, and a field', async (type) => {
    const harness = await settled();
    await addTheirs(harness, type, { backup: { last: 'yesterday' } });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await harness.settle();
    expect(statusOf(harness)).toMatchObject({ color: 'blue', backup: { last: 'yesterday' } });
    expect(statusOf(harness).conditions).toContainEqual({ type, ...theirs });
    harness.restart();
    await harness.edit(Sample, 'sample', { spec: { color: 'green' } });
    await harness.settle();
    expect(statusOf(harness)).toMatchObject({ color: 'green', backup: { last: 'yesterday' } });
    expect(types(harness)).toEqual([type, 'Ready', 'ConfigReady']);
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });

  it.each([
    { reason: 'Done', observedGeneration: 1 },
    { status: 'False', reason: 'Error', observedGeneration: 1 },
  ] as const)('stays although it reads as if it were of a step: %j', async (more) => {
    const harness = await settled();
    const condition = { type: 'BackupReady', ...theirs, ...more };
    await harness.edit(
      Sample,
      'sample',
      { status: { conditions: [condition, ...statusOf(harness).conditions] } },
      'status',
    );
    for (const color of ['blue', 'green']) {
      await harness.edit(Sample, 'sample', { spec: { color } });
      await harness.settle();
    }
    expect(statusOf(harness).conditions).toContainEqual(condition);
  });

  it('stays where it was written a moment ago, and the cache does not show it', async () => {
    const harness = await settled();
    await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
    await harness.sync();
    await addTheirs(harness, 'BackedUp');
    await harness.reconcile({ sync: false });
    expect(statusOf(harness)).toMatchObject({ color: 'blue' });
    expect(types(harness)).toContain('BackedUp');
  });

  it('is told from its own by managedFields, with one look for each object', async () => {
    const harness = await settled(['Config', 'Old']);
    await addTheirs(harness, 'BackupReady', { backup: 'yesterday', old: 'left over' });
    const keyed = (type: string) => ({ [`k:${JSON.stringify({ type })}`]: { '.': {}, 'f:status': {} } });
    const entry = (manager: string, fields: object): ManagedFieldsEntry => ({
      manager,
      operation: 'Update',
      subresource: 'status',
      fieldsV1: { 'f:status': fields },
    });
    const get = harness.api.get.bind(harness.api);
    harness.api.get = async (resource, key, options) => {
      const object = await get(resource, key, options);
      const own = { 'f:conditions': { ...keyed('Ready'), ...keyed('ConfigReady'), ...keyed('OldReady') }, 'f:old': {} };
      const managedFields = [
        entry('test-controller', own),
        entry('backup', { 'f:conditions': keyed('BackupReady'), 'f:backup': {} }),
      ];
      return { ...object, metadata: { ...object.metadata, managedFields } };
    };
    const later = new GraphHarness(graph(['Config']), { api: harness.api });
    await later.settle();
    expect(types(later)).toEqual(['BackupReady', 'Ready', 'ConfigReady']);
    expect(statusOf(later)).toMatchObject({ backup: 'yesterday' });
    expect(statusOf(later)).not.toHaveProperty('old');
    const looks = () => later.api.calls.filter(({ verb }) => verb === 'get').length;
    const before = looks();
    await later.edit(Sample, 'sample', { spec: { color: 'green' } });
    await later.settle();
    expect(looks()).toBe(before);
  });
});

describe('its own', () => {
  it('condition of a step that is no more goes, after a restart, too', async () => {
    const harness = await settled(['Config', 'Old']);
    const later = new GraphHarness(graph(['Config']), { api: harness.api });
    await later.settle();
    expect(types(later)).toEqual(['Ready', 'ConfigReady']);
  });

  it('condition of a step that is no more goes where conditions are one list to the API, which another wrote last', async () => {
    const harness = await settled(['Config', 'Old']);
    const get = harness.api.get.bind(harness.api);
    const entry = (manager: string, field: string): ManagedFieldsEntry => ({
      manager,
      operation: 'Update',
      subresource: 'status',
      fieldsV1: { 'f:status': { [field]: {} } },
    });
    harness.api.get = async (resource, key, options) => {
      const object = await get(resource, key, options);
      const managedFields = [entry('test-controller', 'f:observedGeneration'), entry('backup', 'f:conditions')];
      return { ...object, metadata: { ...object.metadata, managedFields } };
    };
    const later = new GraphHarness(graph(['Config']), { api: harness.api });
    await later.settle();
    expect(types(later)).toEqual(['Ready', 'ConfigReady']);
  });

  it('field goes when it is not given any more', async () => {
    const harness = await settled();
    await harness.edit(Sample, 'sample', { spec: { color: null } });
    await harness.settle();
    expect(statusOf(harness)).not.toHaveProperty('color');
  });
});
