import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ControllerRevision, DaemonSet, Node, Pod } from '@stackwright/kube';
import type { DaemonSetSpec } from 'kubernetes-types/apps/v1.d.ts';
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { web } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';

const NODES = ['n1', 'n2', 'n3'];

describe('a DaemonSet', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    // Nodes without an agent: the test is what runs on them.
    cluster = await TestCluster.start({ node: false });
    for (const name of NODES) await node(name);
  });
  afterAll(() => cluster.stop());
  afterEach(async () => {
    await cluster.client.delete(DaemonSet, key, { propagationPolicy: 'Background' });
    await cluster.until('no Pods', async () => {
      await play();
      return (await cluster.list(Pod)).length === 0;
    });
  });

  const key = { namespace: 'test', name: 'agent' };
  const node = async (name: string): Promise<void> => {
    const metadata = { name, labels: { kind: name === 'n3' ? 'odd' : 'even' } };
    const made = await cluster.client.create(Node, { apiVersion: 'v1', kind: 'Node', metadata });
    const status = { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } };
    await cluster.client.update(Node, { ...made, status }, { subresource: 'status' });
  };
  const create = (spec: Partial<DaemonSetSpec> = {}, podSpec: Partial<PodSpec> = {}): Promise<DaemonSet> =>
    cluster.client.create(DaemonSet, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: key,
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [web()], ...podSpec } },
        ...spec,
      },
    });
  const setImage = (image: string): Promise<DaemonSet> =>
    cluster.client.patch(DaemonSet, key, {
      type: 'json',
      body: [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }],
    });
  const pods = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await cluster.list(Pod))
        .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
        .map(({ spec }) => [spec!.nodeName ?? '', spec!.containers[0]!.image!] as const)
        .sort(),
    );
  /** What an agent would: starts Pods, and lets those go that are to end. */
  const play = async (broken: (pod: Pod) => boolean = () => false): Promise<void> => {
    await cluster.quiet();
    for (const pod of await cluster.list(Pod)) {
      const { name = '', deletionTimestamp } = pod.metadata ?? {};
      if (deletionTimestamp !== undefined) {
        await cluster.client.delete(Pod, { namespace: 'test', name }, { gracePeriodSeconds: 0 });
      } else if (pod.spec?.nodeName && pod.status?.phase !== 'Running' && !broken(pod)) {
        const status = { ...pod.status, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
        await cluster.client.update(Pod, { ...pod, status }, { subresource: 'status' });
      }
    }
    await cluster.quiet();
  };
  const available = (count: number): Promise<DaemonSet> =>
    cluster.until(`${count} available`, async () => {
      await play();
      const set = await cluster.get(DaemonSet, 'agent');
      return set?.status?.numberAvailable === count &&
        set.status.updatedNumberScheduled === count &&
        set.status.observedGeneration === set.metadata?.generation
        ? set
        : undefined;
    });

  it('has a Pod on every node, and on those that come', async () => {
    await create();
    const set = await available(3);
    expect(set.status).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberReady: 3,
      numberMisscheduled: 0,
      updatedNumberScheduled: 3,
    });
    expect(Object.keys(await pods())).toEqual(NODES);
    await node('n4');
    await available(4);
    await cluster.client.delete(Node, { name: 'n4' });
    await available(3);
    expect(Object.keys(await pods())).toEqual(NODES);
  });

  it('stays off nodes that its template does not fit', async () => {
    await create({}, { nodeSelector: { kind: 'even' } });
    await available(2);
    expect(Object.keys(await pods())).toEqual(['n1', 'n2']);
    // Its daemons do not mind a cordon, as others do.
    await cluster.client.patch(Node, { name: 'n1' }, { type: 'merge', body: { spec: { unschedulable: true } } });
    await play();
    expect(Object.keys(await pods())).toEqual(['n1', 'n2']);
    const taints = [{ key: 'out', effect: 'NoExecute' }];
    await cluster.client.patch(
      Node,
      { name: 'n1' },
      { type: 'merge', body: { spec: { unschedulable: null, taints } } },
    );
    await available(1);
    expect(Object.keys(await pods())).toEqual(['n2']);
    await cluster.client.patch(Node, { name: 'n1' }, { type: 'merge', body: { spec: { taints: null } } });
    await available(2);
  });

  it('replaces its Pods one after the other, and goes back to a former template', async () => {
    await create();
    await available(3);
    await setImage('web:2');
    await cluster.quiet();
    expect(Object.keys(await pods())).toHaveLength(2);
    await available(3);
    expect(await pods()).toEqual({ n1: 'web:2', n2: 'web:2', n3: 'web:2' });
    await setImage('web:1');
    await available(3);
    const revisions = await cluster.list(ControllerRevision);
    expect(revisions.map(({ revision }) => revision).sort()).toEqual([2, 3]);
    expect((await cluster.get(DaemonSet, 'agent'))?.metadata?.annotations).toMatchObject({
      'deprecated.daemonset.template.generation': '3',
    });
  });

  it('goes no further when the new Pods do not become available', async () => {
    await create();
    await available(3);
    await setImage('web:bad');
    for (let step = 0; step < 5; step += 1) {
      await play(({ spec }) => spec?.containers[0]?.image === 'web:bad');
      await cluster.clock.advance(1000);
    }
    const images = Object.values(await pods());
    expect(images.filter((image) => image === 'web:1')).toHaveLength(2);
    // Mended, it does not wait for the Pods that never were available.
    await setImage('web:3');
    await available(3);
  });

  it('makes the new Pod before the old one goes, when it may surge', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    await create({ updateStrategy });
    await available(3);
    await setImage('web:2');
    await cluster.quiet();
    expect(await cluster.list(Pod)).toHaveLength(4);
    await available(3);
    expect(new Set(Object.values(await pods()))).toEqual(new Set(['web:2']));
  });

  it('leaves the old Pods to the user with OnDelete', async () => {
    await create({ updateStrategy: { type: 'OnDelete' } });
    await available(3);
    await setImage('web:2');
    await play();
    expect(new Set(Object.values(await pods()))).toEqual(new Set(['web:1']));
    const [first] = await cluster.list(Pod);
    await cluster.client.delete(Pod, { namespace: 'test', name: first!.metadata!.name! });
    await play();
    await play();
    expect(Object.values(await pods()).sort()).toEqual(['web:1', 'web:1', 'web:2']);
  });

  it('replaces a failed Pod', async () => {
    await create();
    await available(3);
    const [first] = await cluster.list(Pod);
    await cluster.client.update(Pod, { ...first!, status: { phase: 'Failed' } }, { subresource: 'status' });
    await available(3);
    expect((await cluster.list(Pod)).map(({ metadata }) => metadata?.uid)).not.toContain(first!.metadata!.uid);
  });
});
