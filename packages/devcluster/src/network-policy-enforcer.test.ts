import { Namespace, NetworkPolicy, Pod, type Client } from '@stackwright/kube';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startDevcluster, type Devcluster } from './cluster.js';
import { NetworkPolicyEnforcer } from './network-policy-enforcer.js';
import { letsIn, type Way } from './network/network-policies.js';
import { silentLog } from './shared/log.js';

let cluster: Devcluster;
let client: Client;
let enforcer: NetworkPolicyEnforcer;
/** What was put into effect last, by UID of the Pod, and how often anything was. */
let effective: Map<string, readonly Way[] | undefined>;
let count: number;
let failing: boolean;

beforeEach(async () => {
  cluster = await startDevcluster({ node: 'none' });
  ({ client } = cluster);
  effective = new Map();
  count = 0;
  failing = false;
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'cloud' } });
  enforcer = new NetworkPolicyEnforcer({
    client,
    log: silentLog,
    apply: async (uid, ways) => {
      count += 1;
      if (failing) throw new Error('no such namespace');
      effective.set(uid, ways);
    },
    isPods: (address) => address.startsWith('10.1.') && address !== '10.1.0.1',
  });
});
afterEach(async () => {
  await enforcer.stop();
  await cluster.stop();
});

async function pod(name: string, podIP: string, spec: object = {}): Promise<string> {
  const metadata = { namespace: 'cloud', name, labels: { app: name } };
  const containers = [{ name: 'main', image: 'main' }];
  const { metadata: made } = await client.create(Pod, {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec } },
  });
  const body = { status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }] } };
  await client.patch(Pod, { namespace: 'cloud', name }, { type: 'merge', body }, { subresource: 'status' });
  return made?.uid ?? '';
}

const onlyFor = (app: string) =>
  client.create(NetworkPolicy, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'cloud', name: 'server' },
    spec: {
      podSelector: { matchLabels: { app: 'server' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { app } } }], ports: [{ port: 80 }] }],
    },
  });

it('puts policies into effect in the Pods that they are about, as Pods come and policies go', async () => {
  const server = await pod('server', '10.1.0.2');
  await enforcer.start();
  await onlyFor('client');
  await vi.waitFor(() => expect(effective.get(server)).toEqual([]));
  await pod('client', '10.1.0.3');
  await vi.waitFor(() => expect(letsIn(effective.get(server), '10.1.0.3', 80)).toBe(true));
  expect(letsIn(effective.get(server), '10.1.0.4', 80)).toBe(false);
  // Of a Pod that no policy is about, there is nothing to put into effect.
  expect([...effective.keys()]).toEqual([server]);
  await client.delete(NetworkPolicy, { namespace: 'cloud', name: 'server' });
  await vi.waitFor(() => expect(effective.get(server)).toBeUndefined());
});

it('tells the proxy who is let in by the address of a Service, of Pods alone', async () => {
  await pod('server', '10.1.0.2');
  await pod('client', '10.1.0.3');
  await pod('stranger', '10.1.0.4');
  await onlyFor('client');
  await enforcer.start();
  const endpoint = { ip: '10.1.0.2', port: 80 };
  await vi.waitFor(async () => expect(await enforcer.letsIn('10.1.0.4', endpoint)).toBe(false));
  expect(await enforcer.letsIn('10.1.0.3', endpoint)).toBe(true);
  expect(await enforcer.letsIn('10.1.0.3', { ...endpoint, port: 81 })).toBe(false);
  // The node, and whoever is on the host.
  for (const node of ['127.0.0.1', '10.1.0.1']) expect(await enforcer.letsIn(node, endpoint)).toBe(true);
});

it('tries again with the next change what has failed, and does not repeat what is in effect', async () => {
  const server = await pod('server', '10.1.0.2');
  await onlyFor('client');
  failing = true;
  await enforcer.start();
  failing = false;
  await pod('client', '10.1.0.3');
  await vi.waitFor(() => expect(effective.get(server)).toHaveLength(1));
  const before = count;
  await pod('other', '10.1.0.5');
  await vi.waitFor(async () => expect(await enforcer.letsIn('10.1.0.5', { ip: '10.1.0.2', port: 80 })).toBe(false));
  expect(count).toBe(before);
});

it('leaves Pods in the network of the node alone', async () => {
  await pod('server', '10.1.0.1', { hostNetwork: true });
  await onlyFor('client');
  await enforcer.start();
  await pod('client', '10.1.0.3');
  expect([...effective.keys()]).toEqual([]);
});

it('a Pod that speaks before its status says where it is waits until that is known, and then for its turn or not at all', async () => {
  const server = await pod('server', '10.1.0.2');
  await onlyFor('client');
  await enforcer.start();
  await vi.waitFor(() => expect(effective.get(server)).toEqual([]));
  const endpoint = { ip: '10.1.0.2', port: 80 };
  const [early, strange] = ['10.1.0.3', '10.1.0.4'].map((address) => enforcer.letsIn(address, endpoint));
  await pod('stranger', '10.1.0.4');
  expect(await strange).toBe(false);
  await pod('client', '10.1.0.3');
  expect(await early).toBe(true);
  // Of whom nobody ever hears is let in by no rule.
  expect(await enforcer.letsIn('10.1.0.9', endpoint)).toBe(false);
});
