import { CacheClaim, DatabaseClaim, IdentityClaim, MessagingClaim } from '@stackwright/api';
import { ConfigMap, Deployment, Job, Secret } from '@stackwright/kube';
import { beforeEach, expect, it } from 'vitest';
import { waiting } from '@stackwright/graph';
import { secretWith } from '../secrets/secret.js';
import { sample, sampleCatalog, sampleService, Sample } from '../testing/sample-service.js';
import { defineService } from './define-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

let harness: ServiceHarness<Sample>;
const at = (name: string) => ({ namespace: 'ns', name });

beforeEach(() => {
  harness = new ServiceHarness(sampleService, { kinds: [Sample] });
});

it('asks for a user and its place in the catalog, and waits until it has them', async () => {
  await harness.create(sample());
  await harness.settle();
  expect(harness.api.peek(IdentityClaim, at('sample-identity'))?.spec).toEqual({
    provider: 'keystone',
    user: { name: 'sample', project: 'service', domain: 'Default', roles: ['service'] },
    service: {
      type: 'sampling',
      name: 'sample',
      endpoints: { public: 'http://sample.ns.svc:8000/v2', internal: 'http://sample.ns.svc:8000/v2' },
    },
    deletionPolicy: 'Retain',
  });
  expect(harness.condition('IdentityReady')).toMatchObject({ reason: 'WaitingForClaim' });
  expect(harness.object.status).toMatchObject({
    waitingFor: expect.arrayContaining([
      expect.objectContaining({ step: 'Identity', kind: 'IdentityClaim', name: 'sample-identity' }),
    ]) as unknown,
  });
  expect(harness.condition('ConfigReady')).toMatchObject({ reason: 'WaitingForStep' });
});

it('asks for an application credential and a domain of its own where a service needs them, and goes on with all of it only', async () => {
  const heat = new ServiceHarness<Sample>((seams) =>
    defineService(
      Sample,
      sampleCatalog,
      (s) => {
        const domainAdmin = { domain: 'heat', user: 'heat_domain_admin' };
        const identity = s.identity({ type: 'orchestration', port: 8004, applicationCredential: true, domainAdmin });
        s.step({
          name: 'Users',
          after: [identity],
          run: (scope) => waiting('Pending', JSON.stringify(scope.output(identity).domainAdmin)),
        });
      },
      seams,
    ),
  );
  await heat.create(sample());
  await heat.settle();
  expect(heat.api.peek(IdentityClaim, at('sample-identity'))?.spec).toMatchObject({
    applicationCredential: true,
    domainAdmin: { domain: 'heat', user: 'heat_domain_admin' },
  });
  await heat.provide();
  expect(heat.condition('IdentityReady')).toMatchObject({
    reason: 'SecretIncomplete',
    message: expect.stringContaining(
      'lacks application_credential_id, application_credential_secret, domain_name',
    ) as string,
  });
  const more = {
    application_credential_id: 'id',
    application_credential_secret: 'canary',
    domain_name: 'heat',
    domain_admin_username: 'heat_domain_admin',
    domain_admin_password: 'x',
  };
  const { data } = secretWith('', more);
  await heat.edit(Secret, 'sample-identity-connection', { data });
  await heat.settle();
  expect(heat.condition('UsersReady')?.message).toContain('heat_domain_admin');
});

it('tells users and services the URLs that the spec asks for', async () => {
  await harness.create(
    sample({
      tls: { secretRef: { name: 'sample-tls' } },
      route: { hostname: 'sample.example.org', scheme: 'https', ingress: {} },
    }),
  );
  await harness.settle();
  const endpoints = () => harness.api.peek(IdentityClaim, at('sample-identity'))?.spec.service?.endpoints;
  expect(endpoints()).toEqual({
    public: 'https://sample.example.org/v2',
    internal: 'https://sample.ns.svc:8000/v2',
  });
  await harness.edit(Sample, 'sample', { spec: { endpoints: { public: 'https://cloud.example.org/sample/' } } });
  await harness.settle();
  expect(endpoints()?.public).toBe('https://cloud.example.org/sample/v2');
});

it('runs with the credentials that it was given, and shows no password but in Secrets', async () => {
  await harness.standUp(sample({ notifications: true }));
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });
  expect(harness.file('sample.conf')).toContain('auth_url = http://keystone.ns.svc:5000/v3\n');
  expect(harness.file('sample.conf')).toContain('transport_url = rabbit://sample:broker-canary@rabbitmq.ns.svc:5672');
  const shown = await harness.said(
    ConfigMap,
    Deployment,
    Job,
    DatabaseClaim,
    CacheClaim,
    IdentityClaim,
    MessagingClaim,
  );
  const all = `${shown}${await harness.registry.metrics()}`;
  for (const canary of ['db-canary', 'identity-canary', 'broker-canary', 'token-1']) expect(all).not.toContain(canary);
});

it('mounts the authority of Keystone where there is one, and takes new Pods for another one', async () => {
  harness.connections.identity['ca.crt'] = 'PEM one';
  await harness.standUp(sample());
  expect(harness.file('sample.conf')).toContain('cafile = /etc/stackwright-identity/ca.crt\n');
  const pod = () => harness.api.peek(Deployment, at('sample'))?.spec?.template;
  expect(pod()?.spec?.containers[0]?.volumeMounts).toContainEqual(
    expect.objectContaining({ mountPath: '/etc/stackwright-identity/ca.crt', subPath: 'identity-ca.crt' }),
  );
  expect(harness.file('identity-ca.crt')).toBe('PEM one');
  const before = pod();
  await harness.edit(Secret, 'sample-identity-connection', {
    data: { 'ca.crt': Buffer.from('PEM two').toString('base64') },
  });
  await harness.settle();
  expect(harness.file('identity-ca.crt')).toBe('PEM two');
  expect(pod()).not.toEqual(before);
});

it('asks for messages only where they are wanted, and gives the claim up when they are not any more', async () => {
  await harness.standUp(sample());
  expect(await harness.listed(MessagingClaim)).toEqual([]);
  expect(harness.file('sample.conf')).not.toContain('transport_url');

  await harness.edit(Sample, 'sample', { spec: { notifications: true } });
  await harness.settle();
  expect(harness.api.peek(MessagingClaim, at('sample-messaging'))?.spec).toEqual({
    provider: 'rabbitmq',
    vhost: 'sample',
    deletionPolicy: 'Retain',
  });
  expect(harness.condition('Ready')).toMatchObject({ reason: 'WaitingForClaim' });
  await harness.provide();
  expect(harness.file('sample.conf')).toContain('driver = messagingv2');
  await harness.rollOut();
  expect(harness.condition('Ready')).toMatchObject({ status: 'True' });

  await harness.edit(Sample, 'sample', { spec: { notifications: null } });
  await harness.settle();
  expect(await harness.listed(MessagingClaim)).toEqual([]);
  expect(harness.file('sample.conf')).not.toContain('transport_url');
});
