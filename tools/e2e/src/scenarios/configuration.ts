// A user's own configuration: what is good is rolled out, what is not is named, and what runs stays.
import { ControlPlane, labels } from '@stackwright/api';
import { Placement } from '@stackwright/placement';
import { conditionOf, configOf, eventually } from '@stackwright/integration';
import { Secret, type Client } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { namespace, type Cluster } from '../cluster.js';
import { secretOf } from '../identity.js';
import { allReady, podsOf } from '../observe.js';
import { resourceClasses } from '../openstack.js';

const slow = 180_000;

export function configuration(cluster: Cluster): void {
  it('an option is merged over ours, and the Pods are rolled', async () => {
    const before = await uidsOf(cluster.client);
    await configure(cluster.client, { DEFAULT: { debug: true } });
    await eventually(async () => {
      await allReady(cluster.client);
      expect(await uidsOf(cluster.client)).not.toEqual(before);
      expect(await rendered(cluster.client)).toContain('[DEFAULT]\ndebug = true\n');
    }, slow);
    expect(await resourceClasses(cluster.client)).toContain('VCPU');
    await reset(cluster.client);
  });

  it.each([
    [
      'conflicts with what the controller owns',
      { placement_database: { connection: 'sqlite://' } },
      /^spec\.config\["placement\.conf"\]\.placement_database\.connection cannot be set: it comes from the database claim/,
    ],
    [
      'is misspelt',
      { DEFAULT: { debgu: true } },
      /spec\.config\["placement\.conf"\]\.DEFAULT\.debgu: .*did you mean debug\?/,
    ],
    ['is in a section that does not exist', { plcement: { randomize_allocation_candidates: true } }, /plcement/],
    [
      'is of the wrong type',
      { placement: { randomize_allocation_candidates: 'maybe' } },
      /randomize_allocation_candidates/,
    ],
  ])('an option that %s is named, and what runs stays', async (_what, options, message) => {
    const { client } = cluster;
    const before = { pods: await uidsOf(client), config: await rendered(client) };
    await configure(client, options);
    await eventually(async () => {
      const { reason, message: said } = await conditionOf(client, Placement, { namespace, name: 'placement' });
      expect({ reason, said }).toEqual({ reason: 'InvalidConfig', said: expect.stringMatching(message) as string });
    }, slow);
    expect(await resourceClasses(client)).toContain('VCPU');
    expect({ pods: await uidsOf(client), config: await rendered(client) }).toEqual(before);
    await reset(client);
  });

  it('a value may come from a Secret, and a change of it rolls the Pods', async () => {
    const { client } = cluster;
    const key = { namespace, name: 'placement-extra' };
    await client.create(Secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...key, labels: { [labels.usableBy]: 'placement' } },
      stringData: { origin: 'canary-of-a-secret' },
    });
    await configure(client, { cors: { allowed_origin: { secretKeyRef: { name: key.name, key: 'origin' } } } });
    await eventually(async () => {
      await allReady(client);
      expect(await rendered(client)).toContain('allowed_origin = canary-of-a-secret');
    }, slow);
    expect(JSON.stringify(await client.get(Placement, { namespace, name: 'placement' }))).not.toContain('canary');

    const before = await uidsOf(client);
    await client.patch(Secret, key, { type: 'merge', body: { stringData: { origin: 'another-one' } } });
    await eventually(async () => {
      expect(await rendered(client)).toContain('allowed_origin = another-one');
      expect(await uidsOf(client)).not.toEqual(before);
      await allReady(client);
    }, slow);
    await reset(client);
    await client.delete(Secret, key);
  });
}

const configure = (client: Client, options: object | null) =>
  client.patch(
    ControlPlane,
    { namespace, name: 'openstack' },
    {
      type: 'merge',
      body: { spec: { services: { placement: { config: options && { 'placement.conf': options } } } } },
    },
  );

/** As it was before a test: what a test looks at is its own doing. */
async function reset(client: Client): Promise<void> {
  await configure(client, null);
  await eventually(async () => {
    await allReady(client);
    expect((await client.get(Placement, { namespace, name: 'placement' })).spec.config).toBeUndefined();
    expect(await uidsOf(client)).toHaveLength(1);
  }, slow);
}

const rendered = async (client: Client): Promise<string> =>
  (await secretOf(client, await configOf(client, { namespace, name: 'placement' })))['placement.conf'] ?? '';

const uidsOf = async (client: Client): Promise<string[]> =>
  (await podsOf(client, 'app.kubernetes.io/name=placement,app.kubernetes.io/component=api'))
    .map(({ metadata }) => metadata?.uid ?? '')
    .sort();
