import { ControlPlane } from '@stackwright/api';
import { eventually, treasures } from '@stackwright/integration';
import { Deployment, Pod, StatefulSet, type Client } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { namespace, run, type Cluster } from '../cluster.js';
import { rowCounts } from '../database.js';
import { issueToken, validateToken } from '../identity.js';
import { allReady, containersOf, podsOf } from '../observe.js';

const slow = 180_000;

const memory = (amount: string) => ({ resources: { requests: { memory: amount } } });

/** By controller: a change of the control plane that it has a part in. */
const changes: Record<string, object> = {
  coordinator: { services: { keystone: { replicas: 2 } } },
  mariadb: { infrastructure: { database: { mariadb: memory('300Mi') } } },
  memcached: { infrastructure: { cache: { memcached: memory('48Mi') } } },
  rabbitmq: { infrastructure: { messaging: { rabbitmq: memory('300Mi') } } },
  keystone: { services: { keystone: { replicas: 1 } } },
  placement: { services: { placement: { replicas: 2 } } },
  glance: { services: { glance: memory('300Mi') } },
};

export function kills(cluster: Cluster): void {
  it('a Keystone Pod that is deleted is replaced, and tokens issued before stay valid', async () => {
    const { client } = cluster;
    const token = await issueToken(client);
    const [pod] = await keystonePods(client);
    if (!pod) throw new Error('no Keystone Pod runs');
    await client.delete(Pod, { namespace, name: pod.metadata?.name ?? '' }, { gracePeriodSeconds: 0 });
    await eventually(async () => {
      const pods = await keystonePods(client);
      expect(pods.map(({ metadata }) => metadata?.uid)).not.toContain(pod.metadata?.uid);
      await allReady(client);
      expect(pods.length).toBe(1);
    }, slow);
    expect(await validateToken(client, token)).toBe(200);
  });

  it('tokens are issued while memcached is replaced', async () => {
    const { client } = cluster;
    const [pod] = await podsOf(client, 'app.kubernetes.io/name=memcached');
    const isReplaced = async () => {
      const [again] = await podsOf(client, 'app.kubernetes.io/name=memcached');
      return again?.status?.containerStatuses?.[0]?.ready === true && again.metadata?.uid !== pod?.metadata?.uid;
    };
    await client.delete(Pod, { namespace, name: pod?.metadata?.name ?? '' });
    // A token that is refused ends the test.
    do await issueToken(client);
    while (!(await isReplaced()));
    for (let more = 0; more < 8; more++) await issueToken(client);
    await eventually(() => allReady(client), slow);
  });

  it.each(Object.keys(changes))('the %s controller may be killed in the middle of a change', async (name) => {
    const { client } = cluster;
    const before = { treasures: await treasures(client, namespace), rows: await rowCounts(client) };
    const [pod] = await podsOf(client, `app.kubernetes.io/name=${name}-controller`);
    const killed = pod?.status?.containerStatuses?.[0]?.containerID ?? '';

    await client.patch(
      ControlPlane,
      { namespace, name: 'openstack' },
      { type: 'merge', body: { spec: changes[name] } },
    );
    const { code, stderr } = await run('podman', ['kill', '--signal', 'KILL', killed.replace(/^.*:\/\//, '')]);
    expect(code, stderr).toBe(0);

    await eventually(async () => {
      const [again] = await podsOf(client, `app.kubernetes.io/name=${name}-controller`);
      const container = again?.status?.containerStatuses?.[0];
      expect(container?.ready).toBe(true);
      expect(container?.containerID).not.toBe(killed);
      await allReady(client);
      await expectAsAsked(client);
    }, slow);
    expect(await treasures(client, namespace)).toEqual(before.treasures);
    expect(await rowCounts(client)).toEqual(before.rows);
  });

  it('the cluster itself may be killed: containers run on and nothing is made anew', async () => {
    const { client } = cluster;
    const token = await issueToken(client);
    const before = {
      treasures: await treasures(client, namespace),
      rows: await rowCounts(client),
      containers: await containersOf(client),
    };
    process.kill(cluster.pid, 'SIGKILL');
    const again = await cluster.stackwright('up');
    expect(again.code, again.stderr).toBe(0);
    await eventually(() => allReady(client), slow);
    expect(await containersOf(client)).toEqual(before.containers);
    expect(await treasures(client, namespace)).toEqual(before.treasures);
    expect(await rowCounts(client)).toEqual(before.rows);
    expect(await validateToken(client, token)).toBe(200);
  });
}

const keystonePods = (client: Client) =>
  podsOf(client, 'app.kubernetes.io/name=keystone,app.kubernetes.io/component=api');

/** What the changes above ask for has reached the workloads. */
async function expectAsAsked(client: Client): Promise<void> {
  const { spec } = await client.get(ControlPlane, { namespace, name: 'openstack' });
  const { services = {}, infrastructure = {} } = spec;
  for (const [name, asked] of Object.entries(services)) {
    const { spec: workload } = await client.get(Deployment, { namespace, name });
    expect(workload?.replicas, name).toBe((asked as { replicas?: number }).replicas ?? 1);
    expectRequests(name, workload?.template.spec?.containers[0]?.resources?.requests, asked);
  }
  for (const [name, asked] of Object.values(infrastructure).flatMap((role) => Object.entries(role))) {
    const { spec: workload } = await client.get(StatefulSet, { namespace, name });
    expectRequests(name, workload?.template.spec?.containers[0]?.resources?.requests, asked);
  }
}

function expectRequests(name: string, requests: object | undefined, asked: object): void {
  const { resources } = asked as { resources?: { requests?: object } };
  expect(requests, name).toMatchObject(resources?.requests ?? {});
}
