// Who reaches whom, by the policies that are made and what Kubernetes says they mean.
import { CacheClaim, DatabaseClaim, MessagingClaim, type DisruptionBudget } from '@stackwright/api';
import { defineGraph, type Graph, type Reconciled } from '@stackwright/graph';
import { defineResource, NetworkPolicy, type KubeObject, type Resource } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { mayReach, type Place } from '../testing/network.js';
import { sample, sampleService, type Sample } from '../testing/sample-service.js';
import { ServerHarness } from '../testing/server-harness.js';
import { ServiceHarness } from '../testing/service-harness.js';
import { serverStep, type ServerObject } from './server.js';

const namespace = 'ns';
const managedBy = 'stackwright';
const partOf = (kind: string, name: string, component: string): Place => ({
  namespace,
  labels: {
    'app.kubernetes.io/name': kind,
    'app.kubernetes.io/instance': name,
    'app.kubernetes.io/managed-by': managedBy,
    'app.kubernetes.io/component': component,
  },
});
const controller = (name: string): Place => ({
  namespace,
  labels: { 'app.kubernetes.io/name': `${name}-controller`, 'app.kubernetes.io/component': 'controller' },
});
const stranger: Place = { namespace, labels: { app: 'stranger' } };
const elsewhere = (place: Place): Place => ({ ...place, namespace: 'elsewhere' });

interface Server extends Reconciled {
  spec: ServerObject['spec'] & { podDisruptionBudget?: DisruptionBudget };
}
const Server = defineResource<Server>({
  ...{ group: 'server.dev', version: 'v1', kind: 'Server', plural: 'servers', namespaced: true },
});

/** As a broker has it: with a port for clients, one for its controller, metrics, and a group of its own. */
const serverGraph: Graph<Server> = defineGraph(Server, (g) => {
  serverStep(g, {
    user: { uid: 1, gid: 1 },
    ports: { client: 1000, admin: 2000, metrics: 3000 },
    clientService: true,
    pod: () => ({ containers: [] }),
    network: {
      claims: CacheClaim,
      clients: ['client'],
      controller: { module: 'server', ports: ['admin'] },
      cluster: ['metrics'],
      group: true,
    },
  });
});

describe('a server', () => {
  let harness: ServerHarness<Server>;
  const self = partOf('server', 'sample', 'server');
  const policies = async () => (await harness.listed(NetworkPolicy)) as NetworkPolicy[];
  const claim = (name: string, of: Partial<KubeObject['metadata']> & object, spec: object = {}) =>
    harness.api.seed(CacheClaim, {
      ...{ apiVersion: 'claims.stackwright.dev/v1alpha1', kind: 'CacheClaim' },
      metadata: { ...harness.at(name), ...of },
      spec: { provider: 'sample', ...spec },
    });

  beforeEach(async () => {
    harness = new ServerHarness(serverGraph);
    await harness.begin({
      apiVersion: 'server.dev/v1',
      kind: 'Server',
      spec: { replicas: 3, deletionPolicy: 'Retain' },
    });
    await claim('glance-cache', { labels: partOf('glance', 'glance', 'any').labels });
    await claim('by-hand', {}, { podSelector: { matchLabels: { app: 'billing', tier: 'api' } } });
    await claim('of-another', { labels: partOf('nova', 'nova', 'any').labels }, { provider: 'another' });
    await claim('cut', { labels: { 'app.kubernetes.io/name': 'nova' } });
    await harness.settle();
  });

  it.each<[string, Place | 'Outside', number, boolean]>([
    ['the API of who made a claim', partOf('glance', 'glance', 'api'), 1000, true],
    ['a Job of theirs', partOf('glance', 'glance', 'db-sync'), 1000, true],
    ['the same by the port of the administrator', partOf('glance', 'glance', 'api'), 2000, false],
    ['another object of that kind', partOf('glance', 'other', 'api'), 1000, false],
    ['one of another kind and that name', partOf('cinder', 'glance', 'api'), 1000, false],
    ['the same labels in another namespace', elsewhere(partOf('glance', 'glance', 'api')), 1000, false],
    ['whom a claim made by hand names', { namespace, labels: { app: 'billing', tier: 'api', more: 'x' } }, 1000, true],
    ['half of those labels', { namespace, labels: { app: 'billing' } }, 1000, false],
    ['who has a claim for another server', partOf('nova', 'nova', 'api'), 1000, false],
    ['a Pod without a claim', stranger, 1000, false],
    ['a Pod without labels', { namespace, labels: {} }, 1000, false],
    ['somebody outside', 'Outside', 1000, false],
    ['its controller as administrator', controller('server'), 2000, true],
    ['its controller as a client', controller('server'), 1000, false],
    ['another controller', controller('glance'), 2000, false],
    ['its controller of another namespace', elsewhere(controller('server')), 2000, false],
    ['its own group by any port', self, 4369, true],
    ['a group of that name elsewhere', elsewhere(self), 4369, false],
    ['metrics from anywhere in the cluster', elsewhere(stranger), 3000, true],
    ['metrics from outside', 'Outside', 3000, false],
    ['a port that nobody speaks of', stranger, 22, false],
  ])('lets in or not: %s', async (_, from, port, isLetIn) => {
    expect(mayReach(await policies(), from, self, port)).toBe(isLetIn);
  });

  it('lets nobody in by a claim that is gone, and everybody out of none', async () => {
    await harness.api.delete(CacheClaim, harness.at('glance-cache'));
    await harness.api.delete(CacheClaim, harness.at('by-hand'));
    await harness.settle();
    // An empty list of peers would be everybody's.
    for (const from of [stranger, partOf('glance', 'glance', 'api'), 'Outside'] as const)
      expect(mayReach(await policies(), from, self, 1000)).toBe(false);
  });

  it('writes nothing where nothing changes, and leaves no policy where it is to have none', async () => {
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    await harness.set({ networkPolicy: 'Disabled' });
    expect(await policies()).toEqual([]);
  });

  it('is not closed before who has to come in may: a policy that cannot be made shuts nobody out', async () => {
    harness = new ServerHarness(serverGraph);
    harness.api.before = ({ verb, key }) => {
      if (verb !== 'get' && key === 'ns/sample-in-clients') throw new Error('exceeded quota');
    };
    await harness.create({
      ...{ apiVersion: 'server.dev/v1', kind: 'Server' },
      spec: { replicas: 1, deletionPolicy: 'Retain' },
    });
    for (let turn = 0; turn < 3; turn++) await harness.reconcile().catch(() => undefined);
    await claim('glance-cache', { labels: partOf('glance', 'glance', 'any').labels });
    for (let turn = 0; turn < 3; turn++) await harness.reconcile().catch(() => undefined);
    expect(mayReach(await policies(), partOf('glance', 'glance', 'api'), self, 1000)).toBe(true);
  });

  it('gets back a policy that somebody has opened or taken away', async () => {
    await harness.edit(NetworkPolicy, 'sample-in-clients', { spec: { ingress: [{}] } });
    await harness.api.delete(NetworkPolicy, harness.at('sample'));
    await harness.settle();
    expect(mayReach(await policies(), stranger, self, 1000)).toBe(false);
    expect(mayReach(await policies(), stranger, partOf('server', 'sample', 'any'), 1)).toBe(false);
  });
});

describe('a service', () => {
  let harness: ServiceHarness<Sample>;
  const policies = async () => (await harness.listed(NetworkPolicy)) as NetworkPolicy[];
  beforeEach(async () => {
    harness = new ServiceHarness(sampleService);
    await harness.standUp(sample());
  });

  const api = partOf('sample', 'sample', 'api');
  const job = partOf('sample', 'sample', 'db-sync');
  it.each<[string, Place | 'Outside', Place, number, boolean]>([
    ['its API by everybody', stranger, api, 8000, true],
    ['its API from elsewhere in the cluster', elsewhere(stranger), api, 8000, true],
    ['its API by a gateway outside', 'Outside', api, 8000, true],
    ['whatever else listens there', stranger, api, 8001, false],
    ['a Job', stranger, job, 8000, false],
    ['a Job, by its own API', api, job, 8000, false],
    ['a Pod that is not its own', stranger, partOf('sample', 'other', 'api'), 1, true],
  ])('is reached or not: %s', async (_, from, to, port, isReached) => {
    expect(mayReach(await policies(), from, to, port)).toBe(isReached);
  });

  it('makes claims by whose labels servers know its Pods', async () => {
    const kinds: readonly Resource[] = [DatabaseClaim, CacheClaim, MessagingClaim];
    await harness.set({ notifications: true });
    for (const kind of kinds) {
      const [claim] = await harness.listed(kind);
      expect(claim?.metadata?.labels).toMatchObject({
        'app.kubernetes.io/name': 'sample',
        'app.kubernetes.io/instance': 'sample',
        'app.kubernetes.io/managed-by': managedBy,
      });
    }
  });

  it('has none where it is to have none', async () => {
    await harness.set({ networkPolicy: 'Disabled' });
    expect(await policies()).toEqual([]);
  });
});
