import { expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import { eventually } from '../support/eventually.js';
import { pod } from '../support/objects.js';
import { requires, RUN_LABEL, target } from '../support/target.js';

const api = bench('placement');
const { PODS, PRIORITYCLASSES } = api.paths;

const fields = ({ body }: Answer): string[] => body.details.causes.map(({ field }) => field);

const priorityClass = (name: string, value: number, more: object = {}): object => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name, labels: { [RUN_LABEL]: target.run } },
  value,
  ...more,
});

it('the system has priority classes', async () => {
  const { body } = await api.get(`${PRIORITYCLASSES}/system-cluster-critical`);
  expect(body).toMatchObject({ value: 2_000_000_000, preemptionPolicy: 'PreemptLowerPriority' });
});

it('a Pod gets the number behind its priority class, and keeps it', async () => {
  const name = api.clusterWide('high');
  await api.create(PRIORITYCLASSES, priorityClass(name, 1000, { preemptionPolicy: 'Never' }));
  const { spec } = await api.create(PODS, pod('prior', { priorityClassName: name }));
  expect(spec).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
  expect(fields(await api.merge(`${PODS}/prior`, { spec: { priority: 1 } }))).toEqual(['spec']);
});

it('a Pod of no priority class has the priority of all others', async () => {
  const { spec } = await api.create(PODS, pod('plain'));
  expect(spec).toMatchObject({ preemptionPolicy: 'PreemptLowerPriority' });
  expect(spec.priority).toBeTypeOf('number');
});

it('a Pod of a priority class that is not there is refused', async () => {
  const { code, body } = await api.post(PODS, pod('lost', { priorityClassName: 'nowhere' }));
  expect(code).toBe(403);
  expect(body.message).toContain('no PriorityClass with name nowhere was found');
});

it('a Pod must not say its priority itself', async () => {
  const { code, body } = await api.post(PODS, pod('proud', { priority: 7 }));
  expect(code).toBe(403);
  expect(body.message).toContain('the integer value of priority (7) must not be provided in pod spec');
});

it('the value of a priority class never changes', async () => {
  const name = api.clusterWide('fixed');
  await api.create(PRIORITYCLASSES, priorityClass(name, 10));
  expect(fields(await api.merge(`${PRIORITYCLASSES}/${name}`, { value: 11 }))).toEqual(['value']);
});

it.each([
  [api.clusterWide('huge'), 1_000_000_001, 'value'],
  ['system-conformance', 1, 'metadata.name'],
])('the priority class %s of %i is refused', async (name, value, path) => {
  const answer = await api.post(PRIORITYCLASSES, priorityClass(name, value));
  expect(answer.code).toBe(422);
  expect(fields(answer)).toEqual([path]);
});

it.each([
  [{ operator: 'Like', key: 'a' }, 'operator'],
  [{ operator: 'Exists', key: 'a', value: 'b' }, 'operator'],
  [{ operator: 'Equal', value: 'b' }, 'operator'],
  [{ operator: 'Exists', key: 'a', effect: 'Never' }, 'effect'],
  [{ operator: 'Exists', key: 'a', effect: 'NoSchedule', tolerationSeconds: 1 }, 'effect'],
  [{ operator: 'Exists', key: 'a b' }, 'key'],
])('the toleration %j is refused', async (toleration, name) => {
  const answer = await api.post(PODS, pod('tolerant', { tolerations: [toleration] }));
  expect(answer.code).toBe(422);
  expect(fields(answer)).toContain(`spec.tolerations[0].${name}`);
});

const spread = (constraint: object = {}): object => ({
  ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
  labelSelector: { matchLabels: { app: 'spread' } },
  ...constraint,
});

it.each([
  [{ maxSkew: 0 }, 'maxSkew'],
  [{ topologyKey: '' }, 'topologyKey'],
  [{ whenUnsatisfiable: 'Hope' }, 'whenUnsatisfiable'],
  [{ minDomains: 2 }, 'minDomains'],
])('a spread constraint with %j is refused', async (wrong, name) => {
  const answer = await api.post(PODS, pod('spread', { topologySpreadConstraints: [spread(wrong)] }));
  expect(answer.code).toBe(422);
  expect(fields(answer)).toContain(`spec.topologySpreadConstraints[0].${name}`);
});

it('two spread constraints of one kind over the same topology are refused', async () => {
  const answer = await api.post(PODS, pod('spread', { topologySpreadConstraints: [spread(), spread({ maxSkew: 2 })] }));
  expect(fields(answer)).toEqual(['spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}']);
});

/** What the scheduler says of it. */
const verdict = (name: string): Promise<string> =>
  eventually(async () => {
    const { status } = (await api.get(`${PODS}/${name}`)).body;
    const condition = (status.conditions ?? []).find(({ type }) => type === 'PodScheduled');
    if (condition?.reason !== 'Unschedulable') throw new Error('not judged yet');
    return condition.message ?? '';
  });

it('a Pod whose selector no node fits says so', async (test) => {
  requires(test, 'node');
  await api.create(PODS, pod('nowhere'));
  expect(await verdict('nowhere')).toContain("node(s) didn't match Pod's node affinity/selector");
});

it('a Pod that must be spread over what no node is labelled with says so', async (test) => {
  requires(test, 'node');
  const constraint = spread({ topologyKey: 'conformance.stackwright.dev/rack', whenUnsatisfiable: 'DoNotSchedule' });
  await api.create(PODS, pod('racked', { nodeSelector: {}, topologySpreadConstraints: [constraint] }));
  expect(await verdict('racked')).toContain(
    "node(s) didn't match pod topology spread constraints (missing required label)",
  );
});
