import { CacheClaim, DatabaseClaim, IdentityClaim } from '@stackwright/api';
import { crdOf, Deployment, Job, Service } from '@stackwright/kube';
import { ServiceHarness } from '@stackwright/openstack/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Placement } from './crd.js';
import { placementGraph } from './placement.js';

const at = (name: string) => ({ namespace: 'ns', name });

let harness: ServiceHarness<Placement>;

beforeEach(() => {
  harness = new ServiceHarness(placementGraph);
});

const placement = (spec: Partial<Placement['spec']> = {}) => ({
  apiVersion: 'placement.stackwright.dev/v1alpha1',
  kind: 'Placement',
  spec: { release: '2025.1', replicas: 1, deletionPolicy: 'Retain' as const, ...spec },
});

const deployment = () => harness.api.peek(Deployment, at('sample'));

describe('a Placement', () => {
  it('asks for a database, a cache and its place in the catalog, and waits for them', async () => {
    await harness.create(placement());
    await harness.settle();
    expect(harness.api.peek(DatabaseClaim, at('sample-database'))?.spec).toMatchObject({ database: 'placement' });
    expect(harness.api.peek(CacheClaim, at('sample-cache'))).toBeDefined();
    const url = 'http://sample.ns.svc:8778';
    expect(harness.api.peek(IdentityClaim, at('sample-identity'))?.spec).toMatchObject({
      user: { name: 'placement', project: 'service' },
      service: { type: 'placement', name: 'placement', endpoints: { public: url, internal: url } },
    });
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'WaitingForClaim' });
    expect(await harness.listed(Job)).toEqual([]);
  });

  it('is told where its database and Keystone are, and as whom to ask them', async () => {
    await harness.standUp(placement());
    const conf = harness.file('placement.conf');
    expect(conf).toMatch(
      /\[placement_database\]\nconnection = mysql\+pymysql:\/\/sample:db-canary@mariadb.ns.svc:3306\/sample/,
    );
    expect(conf).toMatch(/\[api\]\nauth_strategy = keystone/);
    expect(conf).toMatch(/\[keystone_authtoken\]\n(.*\n)*auth_url = http:\/\/keystone.ns.svc:5000\/v3/);
    expect(conf).toMatch(/\[keystone_authtoken\]\n(.*\n)*password = identity-canary/);
    expect(conf).toMatch(/\[keystone_authtoken\]\n(.*\n)*memcached_servers = memcached-0.memcached.ns.svc:11211/);
  });

  it('migrates its schema before the API starts', async () => {
    await harness.create(placement());
    await harness.settle();
    await harness.provide();
    const [job] = (await harness.listed(Job)) as Job[];
    expect(job?.spec?.template.spec?.containers[0]?.command).toEqual(['placement-manage', 'db', 'sync']);
    expect(deployment()).toBeUndefined();
    await harness.endJobs();
    const container = deployment()?.spec?.template.spec?.containers[0];
    expect(container?.readinessProbe?.httpGet).toMatchObject({ path: '/' });
    expect(container?.volumeMounts?.map(({ mountPath }) => mountPath)).toContain('/etc/placement/placement.conf');
    expect(harness.api.peek(Service, at('sample'))?.spec?.ports).toMatchObject([{ port: 8778 }]);
  });

  it('is Ready when it lists its resource classes to its own user, and not before', async () => {
    // Without a token everything is fine: "/" asks nobody.
    harness.http.answer = ({ url }) => (url.endsWith(':8778/') ? 200 : 500);
    await harness.standUp(placement());
    expect(harness.condition('Ready')).toMatchObject({ status: 'False', reason: 'ApiUnreachable' });
    expect(harness.condition('Ready')?.message).toContain('/resource_classes answered 500');

    harness.http.answer = 200;
    await harness.clock.advance(120_000);
    await harness.settle();
    expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
    expect(harness.object.status).toMatchObject({ endpoint: 'http://sample.ns.svc:8778', release: '2025.1' });
    const asked = harness.http.calls.filter(({ url }) => url.endsWith('/resource_classes')).at(-1);
    expect(asked?.headers).toMatchObject({
      'x-auth-token': expect.stringMatching(/./) as string,
      'OpenStack-API-Version': 'placement 1.39',
    });
  });

  it('writes nothing once it is Ready, and says nothing secret outside Secrets', async () => {
    await harness.standUp(placement());
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
    expect(await harness.said(Deployment, Job, DatabaseClaim, CacheClaim, IdentityClaim)).not.toContain('canary');
  });
});

it('can be scaled by its own subresource, as `kubectl scale` and autoscalers do', async () => {
  expect(crdOf(Placement).spec.versions[0]?.subresources?.scale).toEqual({
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  });
  await harness.standUp(placement({ replicas: 2 }));
  expect(harness.object.status).toMatchObject({
    replicas: 2,
    selector: expect.stringContaining('component=api') as string,
  });
});

describe('spec.config', () => {
  it.each([
    ['placement_database', 'connection', 'it comes from the database claim'],
    ['keystone_authtoken', 'password', 'it comes from the identity claim'],
    ['api', 'auth_strategy', 'anything else would let everybody in'],
    ['keystone_authtoken', 'auth_section', 'the login is that of the identity claim'],
    ['DEFAULT', 'config-dir', 'it would be read over what is checked and owned here'],
    ['DEFAULT', 'log_file', "the log goes to the container's output"],
  ])('[%s] %s is refused with its reason, and what runs stays', async (section, option, why) => {
    await harness.standUp(placement());
    const refusal = await harness.refusal(Placement, { 'placement.conf': { [section]: { [option]: 'mine' } } });
    expect(refusal).toMatch(/^False: InvalidConfig: /);
    expect(refusal).toContain(`${section}.${option} cannot be set: ${why}`);
  });
});

describe('deletion', () => {
  it('leaves its database where Retain says so: the claim says it on', async () => {
    await harness.standUp(placement());
    expect(harness.api.peek(DatabaseClaim, at('sample-database'))?.spec).toMatchObject({ deletionPolicy: 'Retain' });
    await harness.remove();
  });
});
