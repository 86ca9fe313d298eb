// What a plan says of what it cannot ask from where it is made.
import { ConfigMap } from '@stackwright/kube';
import { apiError, FakeClock, SeededRandom } from '@stackwright/core/testing';
import { describe, expect, it } from 'vitest';
import { defineGraph, type Graph } from '../declare/graph.js';
import { done } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample, sampleGraph } from '../testing/sample.js';
import { changedFields } from './fields.js';
import { plan, type PlanInput } from './plan.js';

async function planned(harness: GraphHarness<Sample>, graph: Graph<Sample>, more: Partial<PlanInput>) {
  await harness.sync();
  return plan({
    controllers: [{ graph, fieldManager: 'test-controller' }],
    objects: [{ resource: Sample, key: harness.key }],
    reader: harness.reader,
    clock: new FakeClock(),
    random: new SeededRandom(3),
    signal: new AbortController().signal,
    ...more,
  });
}

/** Two servers, and what stands on the first. */
function outside(calls: string[], reason: string): Graph<Sample> {
  return defineGraph<Sample>(Sample, (g) => {
    const server = (name: string) =>
      g.external({
        name,
        observe: async () => {
          calls.push(name);
          throw new Error('no route');
        },
        diff: () => [],
        describe: () => '',
        apply: async () => undefined,
        output: () => undefined,
        explain: (error) => ({ reason, message: (error as Error).message }),
      });
    const first = server('First');
    server('Second');
    g.step({ name: 'Then', after: [first], run: () => done() });
  });
}

describe('what is outside', () => {
  it('and cannot be reached from here is not known, is said once, and is not tried for every object', async () => {
    const calls: string[] = [];
    const graph = outside(calls, 'ServerUnreachable');
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    const other = { namespace: 'ns', name: 'other' };
    await harness.api.seed(Sample, { ...sample(), metadata: other });
    const objects = [harness.key, other].map((key) => ({ resource: Sample, key }));
    const report = await planned(harness, graph, { observe: true, objects });
    // Of the first object both at once, and of the other none.
    expect(calls).toEqual(['First', 'Second']);
    expect(report.unreachable).toBe('no route');
    expect(report.summary).toMatchObject({ failed: 0, unknown: 6 });
  });

  it('and answers with an error is told as the step would be', async () => {
    const calls: string[] = [];
    const graph = outside(calls, 'AccessDenied');
    const harness = new GraphHarness(graph);
    await harness.create(sample());
    const report = await planned(harness, graph, { observe: true });
    expect(new Set(calls)).toEqual(new Set(['First', 'Second']));
    expect(report.unreachable).toBeUndefined();
    expect(report.summary).toMatchObject({ failed: 2 });
  });
});

describe('the API server', () => {
  const refusing = async (error: Error) => {
    const harness = new GraphHarness(sampleGraph());
    await harness.create(sample());
    harness.api.before = ({ verb, options }) => {
      if (verb === 'apply' && (options as { dryRun?: boolean }).dryRun) throw error;
    };
    return planned(harness, sampleGraph(), { server: harness.api });
  };

  it('that may not be asked is not, which is said, and the plan is made all the same', async () => {
    const message = 'configmaps is forbidden: User "ann" cannot patch resource "configmaps" in API group ""';
    const report = await refusing(apiError(403, 'Forbidden', message));
    expect(report.unconfirmed).toBe(message);
    expect(report.refused).toEqual([]);
    expect(report.summary.create).toBeGreaterThan(0);
  });

  it.each([
    ['a rule', apiError(422, 'Invalid', 'spec.replicas: Invalid value: 2: one replica only')],
    ['a policy', apiError(403, 'Forbidden', 'admission webhook "x" denied the request: no')],
    ['a quota', apiError(403, 'Forbidden', 'exceeded quota: few, requested: configmaps=1')],
    [
      'a schema',
      apiError(500, 'InternalError', 'failed to create typed patch object: .spec.x: field not declared in schema'),
    ],
  ])('and refuses by %s is heard: that comes first', async (_what, error) => {
    const report = await refusing(error);
    expect(report.refused[0]).toMatchObject({ reason: 'Rejected', object: { kind: 'Sample' } });
    expect(report.refused[0]?.message).toContain(error.message);
    expect(report.unconfirmed).toBeUndefined();
  });
});

it.each([
  ['a setting', { line: 'password=hunter2"}, "other": 1' }],
  ['a URL', { url: 'mysql://keystone:hunter2@db/keystone', next: [1, 2] }],
  ['a header', { header: 'Authorization: Bearer abcdefghijklmnop', more: { a: 'b' } }],
])('a value with a secret in it is hidden and stays JSON: %s', (_what, value) => {
  const of = (data: object) => ({ metadata: { name: 'x' }, data: { value: data } }) as unknown as ConfigMap;
  const [field] = changedFields(ConfigMap, of({}), of(value));
  const shown = changedFields(ConfigMap, { metadata: { name: 'x' } }, of(value))[0]?.to ?? field?.to ?? '';
  expect(shown).not.toMatch(/hunter2|abcdefghijklmnop/);
  expect(() => JSON.parse(shown) as unknown).not.toThrow();
});
