// A controller process of core against the API server of the devcluster: webhooks, conversion, metrics behind RBAC.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AdmissionDenied,
  createLogger,
  createManager,
  crdWithVersions,
  newController,
  newWebhook,
  webhookConfigurations,
  type ManagerProcess,
} from '@stackwright/core';
import { startApiServer, type ApiServer } from '@stackwright/devcluster';
import {
  ClusterRole,
  ClusterRoleBinding,
  connectionTo,
  createClient,
  createTransport,
  CustomResourceDefinition,
  defineCustomResource,
  defineResource,
  Namespace,
  pathOf,
  ServiceAccount,
  type Client,
  type KubeObject,
  type Transport,
} from '@stackwright/kube';
import { makeAuthority } from '@stackwright/kube/testing/tls';
import { Type } from '@sinclair/typebox';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

const common = {
  group: 'example.dev',
  kind: 'Gadget',
  plural: 'gadgets',
  description: 'A gadget.',
  status: Type.Object({}),
  printerColumns: [],
};
const Gadget = defineCustomResource({
  ...common,
  version: 'v1',
  spec: Type.Object({ size: Type.Integer(), owner: Type.Optional(Type.String()) }),
});
const OldGadget = defineCustomResource({
  ...common,
  version: 'v1beta1',
  spec: Type.Object({ length: Type.Integer() }),
});
const webhook = newWebhook(Gadget)
  .default((gadget, { user }) => {
    gadget.spec.owner ??= user.username ?? '';
  })
  .validate({
    create: ({ spec }, { warn }) => {
      if (spec.size === 0) warn('A gadget of no size is of no use');
      return spec.size < 0 ? [{ path: 'spec.size', message: 'must not be negative' }] : [];
    },
    update: (gadget, previous) => {
      if (gadget.spec.size < previous.spec.size) throw new AdmissionDenied('gadgets do not shrink');
    },
  })
  .convert(OldGadget, {
    toHub: ({ spec, metadata = {} }) => ({ metadata, spec: { size: spec.length } }),
    fromHub: ({ spec, metadata = {} }) => ({ metadata, spec: { length: spec.size } }),
  });

let api: ApiServer;
let client: Client;
let transport: Transport;
let manager: ManagerProcess;
let directory: string;
let authority: string;
const stop = new AbortController();
let ended: Promise<void>;
const reconciled: unknown[] = [];

beforeAll(async () => {
  const own = await makeAuthority();
  const { cert, key } = await own.issue('controller', ['127.0.0.1']);
  authority = own.ca;
  directory = mkdtempSync(join(tmpdir(), 'stackwright-webhooks-'));
  writeFileSync(join(directory, 'tls.crt'), cert);
  writeFileSync(join(directory, 'tls.key'), key);
  api = await startApiServer();
  client = api.client('admin');
  await client.create(Namespace, { metadata: { name: 'ns' } });
  const token = /token: (.*)/.exec(api.kubeconfig)?.[1] ?? '';
  transport = createTransport({ connection: connectionTo({ server: api.url, token }) });
  manager = createManager({
    name: 'gadget',
    client: createClient(transport),
    log: createLogger({ level: 'silent' }),
    webhooks: { host: '127.0.0.1', port: 0, certDirectory: directory },
    metricsServer: { host: '127.0.0.1', port: 0, certDirectory: directory, auth: true },
  });
  manager.addWebhook(webhook);
  newController(manager, 'gadget')
    .for(Gadget)
    .complete(async (request) => void reconciled.push(manager.cache.get(Gadget, request)?.spec));
  ended = manager.run(stop.signal);
  await vi.waitFor(() => expect(manager.webhookAddress).toBeDefined(), 20_000);
  const target = { url: manager.webhookAddress ?? '', ca: authority };
  await client.create(CustomResourceDefinition, crdWithVersions(webhook, target));
  for (const configuration of webhookConfigurations([webhook], { name: 'gadget', target })) {
    const plural = `${configuration.kind.toLowerCase()}s`;
    const group = 'admissionregistration.k8s.io';
    await client.create(
      defineResource<KubeObject>({ group, version: 'v1', kind: configuration.kind, plural, namespaced: false }),
      configuration,
    );
  }
});
afterAll(async () => {
  stop.abort(new Error('The test is over'));
  await ended;
  transport.close();
  await api.stop();
  rmSync(directory, { recursive: true });
});

const gadget = (name: string, size: number) => ({ metadata: { namespace: 'ns', name }, spec: { size } });

it('an object is defaulted, validated and reconciled; a refusal says what is wrong', async () => {
  await expect.poll(() => client.create(Gadget, gadget('a', 1)).catch(() => undefined)).toBeDefined();
  const made = await client.get(Gadget, { namespace: 'ns', name: 'a' });
  expect(made.spec.owner).toBe('admin');
  await expect.poll(() => reconciled).toContainEqual({ size: 1, owner: 'admin' });
  await expect(client.create(Gadget, gadget('b', -1))).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining('spec.size: must not be negative') as string,
  });
  await expect(client.update(Gadget, { ...made, spec: { size: 0 } })).rejects.toMatchObject({
    code: 403,
    message: expect.stringContaining('gadgets do not shrink') as string,
  });
});

it('an object of another version is converted on its way in and out, and validated as what it becomes', async () => {
  await client.create(OldGadget, { metadata: { namespace: 'ns', name: 'old' }, spec: { length: 7 } });
  expect((await client.get(Gadget, { namespace: 'ns', name: 'old' })).spec).toMatchObject({ size: 7 });
  expect((await client.get(OldGadget, { namespace: 'ns', name: 'a' })).spec).toEqual({ length: 1 });
  await expect(
    client.create(OldGadget, { metadata: { namespace: 'ns', name: 'bad' }, spec: { length: -1 } }),
  ).rejects.toMatchObject({ code: 422 });
});

it('metrics are read by the ServiceAccount that may, and by no other', async () => {
  const tokenOf = async (name: string) => {
    await client.create(ServiceAccount, { metadata: { namespace: 'ns', name } });
    const path = `${pathOf(ServiceAccount, { namespace: 'ns', name })}/token`;
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const answer = await client.raw('POST', path, { body: JSON.stringify(review), contentType: 'application/json' });
    return (JSON.parse(answer) as { status: { token: string } }).status.token;
  };
  const [scraper, other] = [await tokenOf('scraper'), await tokenOf('other')];
  const name = 'metrics-reader';
  await client.create(ClusterRole, { metadata: { name }, rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] });
  await client.create(ClusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', namespace: 'ns', name: 'scraper' }],
  });
  expect(await scrape(scraper)).toBe(200);
  expect(await scrape(other)).toBe(403);
  expect(await scrape('forged')).toBe(401);
});

function scrape(token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpsRequest(
      `${manager.metricsAddress}/metrics`,
      { ca: authority, agent: false, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    )
      .on('error', reject)
      .end();
  });
}
