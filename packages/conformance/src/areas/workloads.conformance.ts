import { beforeAll, describe, expect, it, vi } from 'vitest';
import { bench } from '../support/bench.js';
import type { Body } from '../support/body.js';
import { eventually } from '../support/eventually.js';
import { deployment, service, serving, task } from '../support/objects.js';
import { missing, target } from '../support/target.js';

const api = bench('workloads', { needs: ['controllers', 'node'] });
const { CRONJOBS, DAEMONSETS, DEPLOYMENTS, JOBS, PODS, REPLICASETS, SERVICES, STATEFULSETS } = api.paths;
const SLICES = `/apis/discovery.k8s.io/v1/namespaces/${api.namespace}/endpointslices`;

const selected = (app: string): string => `labelSelector=app%3D${app}`;
const podsOf = async (app: string): Promise<Body[]> => (await api.get(`${PODS}?${selected(app)}`)).body.items;
const isReady = ({ status, metadata }: Body): boolean =>
  !('deletionTimestamp' in metadata) &&
  ((status as Partial<typeof status>).conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True');
const condition = ({ status }: Body, type: string) =>
  ((status as Partial<typeof status>).conditions ?? []).find((one) => one.type === type);

const workload = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: serving(name), ...spec },
});

const job = (template: object = {}, spec: object = {}): object => ({
  template: { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers: [task()], ...template } },
  ...spec,
});

beforeAll(async () => {
  if (missing(['rights', 'controllers', 'node']) !== undefined) return;
  // Its time comes while the other tests run.
  await api.create(CRONJOBS, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'minutely' },
    spec: { schedule: '* * * * *', jobTemplate: { metadata: { labels: { made: 'minutely' } }, spec: job() } },
  });
});

describe('a Deployment', () => {
  it('makes a ReplicaSet, which makes Pods, which get ready', async () => {
    await api.create(DEPLOYMENTS, deployment('web', { replicas: 2, template: serving('web') }));
    const { body } = await api.until(`${DEPLOYMENTS}/web`, ({ body: { status } }) => status.availableReplicas === 2);
    expect(condition(body, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
    expect(body.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
    const { items } = (await api.get(`${REPLICASETS}?${selected('web')}`)).body;
    expect(items).toMatchObject([
      { metadata: { ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }] }, spec: { replicas: 2 } },
    ]);
    for (const pod of await podsOf('web')) {
      expect(pod.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', name: items[0].metadata.name }]);
      expect(pod.metadata.name).toMatch(new RegExp(`^${items[0].metadata.name}-[a-z0-9]{5}$`));
      expect(pod.status.podIP).toMatch(/[.:]/);
    }
  });

  it('replaces a Pod that is deleted', async () => {
    const [lost] = await podsOf('web');
    await api.delete(`${PODS}/${lost?.metadata.name ?? ''}`);
    await eventually(async () => {
      const ready = (await podsOf('web')).filter(isReady);
      expect(ready).toHaveLength(2);
      expect(ready.map(({ metadata }) => metadata.uid)).not.toContain(lost?.metadata.uid);
    });
  });

  it('rolls a change of its template out, and keeps the old ReplicaSet to go back to', async () => {
    await api.strategic(`${DEPLOYMENTS}/web`, {
      spec: { template: { spec: { containers: [{ name: 'main', env: [{ name: 'ROUND', value: '2' }] }] } } },
    });
    await api.until(`${DEPLOYMENTS}/web`, ({ body }) => {
      const { status, metadata } = body as unknown as { status: { updatedReplicas?: number } } & Body;
      return (
        status.observedGeneration === metadata.generation &&
        status.updatedReplicas === 2 &&
        status.replicas === 2 &&
        status.availableReplicas === 2
      );
    });
    const { items } = (await api.get(`${REPLICASETS}?${selected('web')}`)).body;
    expect(items.map(({ spec }) => spec.replicas).sort()).toEqual([0, 2]);
  });

  it('follows its scale', async () => {
    await api.merge(`${DEPLOYMENTS}/web/scale`, { spec: { replicas: 1 } });
    await eventually(async () => expect((await podsOf('web')).filter(isReady)).toHaveLength(1));
    await eventually(async () => expect(await podsOf('web')).toHaveLength(1));
  });

  it('says when it gets nowhere', async () => {
    const broken = serving('stuck', {}, { image: 'localhost/conformance/none:missing', imagePullPolicy: 'Never' });
    await api.create(DEPLOYMENTS, deployment('stuck', { replicas: 1, progressDeadlineSeconds: 1, template: broken }));
    await eventually(async () => {
      const { body } = await api.get(`${DEPLOYMENTS}/stuck`);
      expect(condition(body, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    });
    // That the time is over says nothing of how far the node is.
    await eventually(async () => {
      const [pod] = await podsOf('stuck');
      expect(pod?.status).toMatchObject({
        phase: 'Pending',
        containerStatuses: [
          { ready: false, state: { waiting: { reason: expect.stringMatching(/^(Err|Image)/) as unknown } } },
        ],
      });
    });
    await api.delete(`${DEPLOYMENTS}/stuck`);
  });

  it('takes its Pods with it', async () => {
    await api.create(DEPLOYMENTS, deployment('brief', { replicas: 1, template: serving('brief') }));
    await eventually(async () => expect((await podsOf('brief')).filter(isReady)).toHaveLength(1));
    await api.delete(`${DEPLOYMENTS}/brief`);
    await eventually(async () => expect(await podsOf('brief')).toHaveLength(0));
  });
});

it('a Service leads to the Pods that are ready', async () => {
  await api.create(SERVICES, service('web', { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] }));
  await eventually(async () => {
    const ready = (await podsOf('web')).filter(isReady).map(({ status }) => status.podIP);
    const { items } = (await api.get(`${SLICES}?labelSelector=kubernetes.io%2Fservice-name%3Dweb`)).body;
    const slices = items as unknown as { endpoints?: { addresses: string[] }[]; ports?: { port: number }[] }[];
    expect(slices.flatMap(({ endpoints }) => endpoints ?? []).flatMap(({ addresses }) => addresses)).toEqual(ready);
    expect(slices[0]?.ports).toMatchObject([{ port: 8080 }]);
  });
});

describe('a StatefulSet', () => {
  it('makes its Pods one after the other, under their own names', async () => {
    await api.create(STATEFULSETS, workload('StatefulSet', 'db', { serviceName: 'db', replicas: 2 }));
    await api.until(`${STATEFULSETS}/db`, ({ body: { status } }) => status.readyReplicas === 2);
    const pods = await podsOf('db');
    expect(pods.map(({ metadata }) => metadata.name).sort()).toEqual(['db-0', 'db-1']);
    const [first, second] = [...pods].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
    expect(first?.metadata.labels).toMatchObject({ 'statefulset.kubernetes.io/pod-name': 'db-0' });
    expect(Date.parse(second?.metadata.creationTimestamp ?? '')).toBeGreaterThanOrEqual(
      Date.parse(condition(first as Body, 'Ready')?.lastTransitionTime ?? ''),
    );
  });

  it('gives a lost Pod its name again', async () => {
    const before = (await api.get(`${PODS}/db-0`)).body.metadata.uid;
    await api.delete(`${PODS}/db-0`);
    await eventually(async () => {
      const { body } = await api.get(`${PODS}/db-0`);
      expect(body.metadata?.uid).not.toBe(before);
      expect(isReady(body)).toBe(true);
    });
  });

  it('shrinks from its end', async () => {
    await api.merge(`${STATEFULSETS}/db/scale`, { spec: { replicas: 1 } });
    await api.gone(`${PODS}/db-1`);
    expect((await api.get(`${PODS}/db-0`)).code).toBe(200);
  });
});

it('a DaemonSet runs a Pod on every node that takes it', async () => {
  await api.create(DAEMONSETS, workload('DaemonSet', 'everywhere', {}));
  const { body } = await api.until(
    `${DAEMONSETS}/everywhere`,
    ({ body: { status } }) => status.desiredNumberScheduled > 0 && status.numberReady === status.desiredNumberScheduled,
  );
  const pods = await podsOf('everywhere');
  expect(pods).toHaveLength(body.status.desiredNumberScheduled);
  expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(pods.length);
});

describe('a Job', () => {
  const make = (name: string, spec: object) =>
    api.create(JOBS, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec });

  it('runs until it has succeeded as often as it should', async () => {
    await make('thrice', job({}, { completions: 3, parallelism: 2 }));
    const { body } = await api.until(
      `${JOBS}/thrice`,
      (answer) => condition(answer.body, 'Complete')?.status === 'True',
    );
    expect(body.status.succeeded).toBe(3);
    const { items } = (await api.get(`${PODS}?labelSelector=batch.kubernetes.io%2Fjob-name%3Dthrice`)).body;
    expect(items.map(({ status }) => status.phase)).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
  });

  it('that takes too long has failed', async () => {
    await make('late', job({ containers: serving('x', {}).spec.containers }, { activeDeadlineSeconds: 1 }));
    await eventually(async () => {
      const { body } = await api.get(`${JOBS}/late`);
      expect(condition(body, 'Failed')).toMatchObject({ status: 'True', reason: 'DeadlineExceeded' });
    });
  });

  it('that is suspended runs nothing until it may', async () => {
    await make('later', job({}, { suspend: true }));
    await eventually(async () =>
      expect(condition((await api.get(`${JOBS}/later`)).body, 'Suspended')).toMatchObject({ status: 'True' }),
    );
    expect((await api.get(`${PODS}?labelSelector=batch.kubernetes.io%2Fjob-name%3Dlater`)).body.items).toEqual([]);
    await api.merge(`${JOBS}/later`, { spec: { suspend: false } });
    await api.until(`${JOBS}/later`, ({ body }) => condition(body, 'Complete')?.status === 'True');
  });

  it('is cleared away after its time', async () => {
    await make('cleared', job({}, { ttlSecondsAfterFinished: 0 }));
    await api.gone(`${JOBS}/cleared`);
  });
});

it('a CronJob makes a Job when its time comes', async () => {
  // A minute at the most, besides what everything takes.
  await vi.waitFor(
    async () => {
      const { items } = (await api.get(`${JOBS}?labelSelector=made%3Dminutely`)).body;
      expect(items.length).toBeGreaterThan(0);
      expect(items[0].metadata.ownerReferences).toMatchObject([
        { kind: 'CronJob', name: 'minutely', controller: true },
      ]);
      expect(condition(items[0], 'Complete')).toMatchObject({ status: 'True' });
    },
    { timeout: 60_000 + target.patience, interval: 500 },
  );
});
