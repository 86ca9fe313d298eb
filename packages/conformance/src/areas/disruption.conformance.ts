import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../support/api.js';
import { bench } from '../support/bench.js';
import type { Body } from '../support/body.js';
import { eventually } from '../support/eventually.js';
import { deployment, serving } from '../support/objects.js';
import { missing } from '../support/target.js';

const api = bench('disruption', { needs: ['controllers', 'node'] });
const { DEPLOYMENTS, PDBS, PODS } = api.paths;

const budget = (name: string, spec: object): object => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name },
  spec,
});

const pods = async (): Promise<Body[]> => (await api.get(`${PODS}?labelSelector=app%3Dweb`)).body.items;

const evict = (name: string, extra: object = {}, query = ''): Promise<Answer> =>
  api.post(`${PODS}/${name}/eviction${query}`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
    ...extra,
  });

beforeAll(async () => {
  if (missing(['rights', 'controllers', 'node']) !== undefined) return;
  await api.create(DEPLOYMENTS, deployment('web', { replicas: 2, template: serving('web') }));
  await api.until(`${DEPLOYMENTS}/web`, ({ body: { status } }) => status.availableReplicas === 2);
  await api.create(PDBS, budget('web', { minAvailable: 2, selector: { matchLabels: { app: 'web' } } }));
  await api.until(`${PDBS}/web`, ({ body: { status } }) => status.currentHealthy === 2);
});

const victim = async (): Promise<string> => (await pods())[0]?.metadata.name ?? '';

describe('an eviction', () => {
  it('is refused while the budget has nothing to spare, and told to come back', async () => {
    expect((await api.get(`${PDBS}/web`)).body.status.disruptionsAllowed).toBe(0);
    const answer = await evict(await victim());
    expect(answer.body).toMatchObject({ kind: 'Status', code: 429, reason: 'TooManyRequests' });
    expect(answer.body.message).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(answer.body.details.causes).toMatchObject([{ reason: 'DisruptionBudget' }]);
    expect(await pods()).toHaveLength(2);
  });

  it('is tried by a dry run', async () => {
    await api.merge(`${PDBS}/web`, { spec: { minAvailable: 1 } });
    await api.until(`${PDBS}/web`, ({ body: { status } }) => status.disruptionsAllowed === 1);
    const name = await victim();
    expect((await evict(name, {}, '?dryRun=All')).code).toBe(201);
    expect((await api.get(`${PODS}/${name}`)).body.metadata.deletionTimestamp).toBeUndefined();
    expect((await api.get(`${PDBS}/web`)).body.status.disruptionsAllowed).toBe(1);
  });

  it('minds preconditions, though it spends the budget first', async () => {
    const name = await victim();
    const deleteOptions = { preconditions: { uid: '11111111-1111-1111-1111-111111111111' } };
    const answer = await evict(name, { deleteOptions });
    expect(answer.code).toBe(409);
    expect(answer.body.message).toContain('the UID in the precondition');
    expect((await api.get(`${PODS}/${name}`)).body.metadata.deletionTimestamp).toBeUndefined();
    const { status } = (await api.get(`${PDBS}/web`)).body;
    expect(status).toMatchObject({ disruptionsAllowed: 0, disruptedPods: { [name]: expect.any(String) as unknown } });
    // It has room again, without waiting until the eviction counts as failed.
    await api.merge(`${PDBS}/web/status`, { status: { disruptedPods: null } });
  });

  it('deletes the Pod where the budget allows it', async () => {
    const name = await victim();
    await eventually(async () => expect((await evict(name)).code).toBe(201));
    await api.gone(`${PODS}/${name}`);
    await api.until(`${DEPLOYMENTS}/web`, ({ body: { status } }) => status.availableReplicas === 2);
  });

  it('of a Pod that is not there is told so', async () => {
    expect((await evict('none')).code).toBe(404);
  });
});

describe('a PodDisruptionBudget', () => {
  it('counts in percent, too', async () => {
    await api.merge(`${PDBS}/web`, { spec: { minAvailable: null, maxUnavailable: '50%' } });
    await api.until(`${PDBS}/web`, ({ body: { status } }) => status.disruptionsAllowed === 1);
  });

  it('says what must be available, or what need not, and not both', async () => {
    const selector = { matchLabels: { app: 'x' } };
    expect((await api.post(PDBS, budget('both', { minAvailable: 1, maxUnavailable: 1, selector }))).code).toBe(422);
    expect((await api.post(PDBS, budget('negative', { minAvailable: -1, selector }))).code).toBe(422);
  });
});
