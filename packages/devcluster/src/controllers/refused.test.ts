// Whatever the controllers want to write is refused: each goes on trying, and none tries without end in no time.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ApiError,
  CronJob,
  type CoreEvent,
  DaemonSet,
  Deployment,
  isNotFound,
  Job,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
  StatefulSet,
  type KubeObject,
} from '@stackwright/kube';
import type { AdmissionAttributes } from '../apiserver/admission.js';
import { deployment, job, pod, service, statefulSet, task, web } from '../testing/manifests.js';
import { TestCluster } from '../testing/test-cluster.js';
import { CONTROLLER_USER, SCHEDULER_USER } from './index.js';

const HOUR = 3_600_000;
const CONTROLLERS = [CONTROLLER_USER, SCHEDULER_USER];

/** What is refused, of what the controllers do. */
const SCOPES: Record<string, (attributes: AdmissionAttributes) => boolean> = {
  'everything they create': ({ operation }) => operation === 'CREATE',
  'every Pod': ({ operation, resource }) => operation === 'CREATE' && resource.kind === 'Pod',
  'every change': ({ operation, subresource }) => operation === 'UPDATE' && subresource === undefined,
  'every status': ({ subresource }) => subresource === 'status',
  'every deletion': ({ operation }) => operation === 'DELETE',
  everything: () => true,
};

const REFUSALS = [
  { code: 403, reason: 'Forbidden' },
  { code: 409, reason: 'AlreadyExists' },
  { code: 409, reason: 'Conflict' },
  { code: 422, reason: 'Invalid' },
  { code: 500, reason: 'InternalError' },
] as const;

describe('controllers of which is refused', () => {
  let cluster: TestCluster;
  let writes: string[];
  let refused: ((attributes: AdmissionAttributes) => ApiError | undefined) | undefined;

  beforeEach(async () => {
    cluster = await TestCluster.start({ node: false });
    writes = [];
    cluster.server.interceptors.push({
      before: ({ verb, user, resource, subresource, name, body }) => {
        if (!CONTROLLERS.includes(user.name) || ['get', 'list', 'watch'].includes(verb)) return;
        writes.push(
          [verb, resource.kind, subresource, name ?? subjectOf(body as KubeObject)].filter(Boolean).join(' '),
        );
      },
    });
    cluster.server.admission.push({
      name: 'refusing',
      validate: (attributes) => {
        const error = CONTROLLERS.includes(attributes.user.name) ? refused?.(attributes) : undefined;
        if (error) throw error;
      },
    });
    await node();
  });
  afterEach(async () => {
    refused = undefined;
    await cluster.stop();
  });

  const cases = Object.keys(SCOPES).flatMap((scope) => {
    const reasons = scope === 'everything they create' || scope === 'everything' ? REFUSALS : REFUSALS.slice(0, 1);
    return reasons.map((refusal) => ({ scope, ...refusal }));
  });
  it.each(cases)(
    '$scope, as $code $reason, ask a bounded number of times, and do their work once they may',
    async ({ scope, code, reason }) => {
      let serial = 0;
      refused = (attributes) =>
        SCOPES[scope]?.(attributes)
          ? // No two refusals read the same: a real one names the Pod that it refuses.
            new ApiError({ code, reason, message: `refused, for the ${(serial += 1)}th time` })
          : undefined;
      await create();
      await cluster.pass(10_000);
      await change();
      await cluster.pass(HOUR, 60_000);
      // 5 ms, 10 ms, 20 ms, …: the 20th wait would be longer than the hour. Changes wake each now and then as well.
      for (const [what, times] of counted(writes)) expect(times, what).toBeLessThan(50);

      refused = undefined;
      const options = { within: HOUR, step: 10_000 };
      await cluster.untilObject(Deployment, 'web', ({ status }) => (status?.replicas ?? 0) >= 2, options);
      await cluster.untilObject(StatefulSet, 'db', ({ status }) => status?.replicas === 1, options);
      await cluster.untilObject(DaemonSet, 'agent', ({ status }) => status?.currentNumberScheduled === 1, options);
      await cluster.untilObject(Job, 'task', ({ status }) => status?.active === 1, options);
      await cluster.untilObject(Pod, 'alone', ({ spec }) => spec?.nodeName, options);
      await cluster.untilObject(PersistentVolumeClaim, 'alone', ({ status }) => status?.phase === 'Bound', options);
    },
  );

  async function node(): Promise<void> {
    const made = await cluster.client.create(Node, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
    const status = { allocatable: { cpu: '64', memory: '64Gi', pods: '110' } };
    await cluster.client.update(Node, { ...made, status }, { subresource: 'status' });
  }

  /** Something for each controller to do. */
  async function create(): Promise<void> {
    const { client } = cluster;
    const metadata = (name: string): { name: string; namespace: string } => ({ name, namespace: 'test' });
    const labels = { app: 'agent' };
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
    await client.create(Deployment, deployment('web', { replicas: 2 }));
    await client.create(StatefulSet, statefulSet('db'));
    await client.create(DaemonSet, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: metadata('agent'),
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [web()] } } },
    });
    await client.create(Job, job('task'));
    await client.create(CronJob, {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: metadata('tick'),
      spec: {
        schedule: '*/30 * * * *',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [task()] } } } },
      },
    });
    await client.create(Service, service('web'));
    await client.create(PodDisruptionBudget, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata('web'),
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
    });
    await client.create(PersistentVolumeClaim, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: metadata('alone'),
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await client.create(PersistentVolume, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'spare' },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/spare' } },
    });
    await client.create(Pod, pod('alone', {}, { app: 'web' }));
    await client.create(ReplicaSet, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: metadata('plain'),
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'plain' } },
        template: { metadata: { labels: { app: 'plain' } }, spec: { containers: [web()] } },
      },
    });
  }

  /** What makes them replace, take away and give up. */
  async function change(): Promise<void> {
    const { client } = cluster;
    const image = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'web:2' }];
    const key = (name: string): { name: string; namespace: string } => ({ name, namespace: 'test' });
    await client.patch(Deployment, key('web'), { type: 'json', body: image });
    await client.patch(StatefulSet, key('db'), { type: 'json', body: image });
    await client.patch(DaemonSet, key('agent'), { type: 'json', body: image });
    await client.patch(ReplicaSet, key('plain'), { type: 'merge', body: { spec: { replicas: 0 } } });
    await client.patch(Node, { name: 'n1' }, { type: 'merge', body: { metadata: { labels: { changed: 'yes' } } } });
    await client.delete(CronJob, key('tick')).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  /** What is created may have a name of chance: whose it is, or whom it is about, says which it is. */
  function subjectOf({
    metadata,
    involvedObject,
  }: Pick<KubeObject, 'metadata'> & Partial<Pick<CoreEvent, 'involvedObject'>>): string | undefined {
    if (involvedObject) return [involvedObject.kind, involvedObject.name].join(' ');
    return metadata?.generateName === undefined ? metadata?.name : metadata.ownerReferences?.[0]?.name;
  }

  function counted(all: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>();
    for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1);
    return counts;
  }
});
