// Every row of the tables in packages/devcluster/README.md: shown to be as it says, or with the reason why it is not shown.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { devclusterPackage } from '../cluster/devcluster.js';
import { bench } from '../support/bench.js';
import { deployment, pod } from '../support/objects.js';
import { target } from '../support/target.js';

const api = bench('differences', { widgets: true });
const { CONFIGMAPS, CRDS, DEPLOYMENTS, NAMESPACES, SERVICEACCOUNTS, WIDGETS } = api.paths;

const rows = rowsOf(readFileSync(join(devclusterPackage, 'README.md'), 'utf8'));
const shown = new Set<string>();

/** First cells of the tables under "What differs …", without markup. */
function rowsOf(text: string): string[] {
  return text
    .split(/^## /m)
    .filter((section) => section.startsWith('What differs'))
    .flatMap((section) =>
      [...section.matchAll(/^\| ([^|]+) \|/gm)].map(([, cell = '']) => cell.replaceAll('`', '').trim()),
    )
    .filter((cell) => cell !== '' && !cell.startsWith('--'));
}

/** A row of the table and what shows it. A row that is not there any more needs no test. */
function difference(row: string, statement: string, test: () => Promise<void>): void {
  shown.add(row);
  if (rows.includes(row)) it(`${row}: ${statement}`, test);
}

/** Why nothing shows them from outside. */
const notShown: Record<string, string> = {
  'audit annotations of webhooks and policies, type checks of policies': 'what is not there',
  CEL: 'no single difference',
  'validation of built-in kinds': '`npm run conformance -- --fuzz` compares two servers',
  history: 'the area of watches makes it forget',
  'exec, attach, port-forward': 'the area of kubectl uses them; the permissions are tested in the devcluster',
  durability: 'needs a power cut',
  'server-side apply in several versions of a kind with a conversion webhook':
    'needs a webhook; the area of conversion has one',
  'requests that webhooks and policies are asked about': 'what is not there',
  'audit log': 'is a file of the server',
  'disruption budgets': 'needs a kind of somebody else that has Pods',
  workloads: 'what is not there',
  'finished Pods': 'needs 12,500 of them',
  images: 'the area of workloads has a missing one',
  storage: 'needs to look at the host',
  NetworkPolicies: 'needs real containers; `npm run e2e` asks from Pods',
  volumes: 'what is not there',
  'sizeLimit of an emptyDir': 'needs real containers',
  logs: 'needs 64 MiB of them',
  'stdin of a container': 'needs real containers',
  'changed Secrets and ConfigMaps': 'needs real containers',
};

describe('the API server:', () => {
  difference('kinds', 'there are no HorizontalPodAutoscalers, among others', async () => {
    expect((await api.get('/apis/autoscaling/v2/horizontalpodautoscalers')).code).toBe(404);
  });

  difference('schemas of built-in kinds', 'those of 1.30 with newer fields, while the server says 1.32', async () => {
    expect(target.version).toMatch(/^v1\.32\./);
    const server = `${DEPLOYMENTS}?dryRun=All&fieldValidation=Strict`;
    const answer = await api.post(server, { ...deployment('newer'), status: { terminatingReplicas: 1 } });
    expect(answer.body.message).toContain('unknown field "status.terminatingReplicas"');
  });

  difference('protobuf', 'is no answer, and no body of a CRD', async () => {
    const protobuf = 'application/vnd.kubernetes.protobuf';
    expect((await api.get(CONFIGMAPS, { accept: protobuf })).code).toBe(406);
    expect((await api.get(CONFIGMAPS, { accept: `${protobuf},application/json` })).body.kind).toBe('ConfigMapList');
    expect((await api.post(CRDS, undefined, { raw: 'k8s\0', contentType: protobuf })).code).toBe(415);
  });

  difference(
    'size of a body, and of an object that patches make',
    'a list of 10,001 elements is too long',
    async () => {
      const data = (count: number) => ({
        metadata: { name: 'long', finalizers: Array.from({ length: count }, () => 'x.example/a') },
      });
      const code = async (count: number) => (await api.post(`${CONFIGMAPS}?dryRun=All`, data(count))).code;
      expect([await code(10_000), await code(10_001)]).toEqual([201, 413]);
    },
  );

  difference('authorization', 'there are no roles for the controllers of the cluster', async () => {
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:controller:job-controller';
    expect((await api.get(role)).code).toBe(404);
  });

  difference('authentication', 'nobody is anonymous, but for the version and probes', async () => {
    expect((await api.get('/api', { token: '' })).code).toBe(401);
    for (const path of ['/version', '/healthz', '/livez', '/readyz'])
      expect((await api.get(path, { token: '' })).code, path).toBe(200);
  });

  difference('ServiceAccount tokens', 'are signed with HS256, and nobody else can check them', async () => {
    await api.create(SERVICEACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'signed' } });
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const { token } = (await api.create(`${SERVICEACCOUNTS}/signed/token`, request)).status;
    const [header = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg: 'HS256' });
    expect((await api.get('/openid/v1/jwks')).code).toBe(404);
  });

  difference('CRDs', 'are served as soon as they are made', async () => {
    await api.create(CRDS, api.definition('swifts', 'Swift'));
    expect((await api.get(`/apis/${api.group}/v1/swifts`)).code).toBe(200);
    await api.delete(`${CRDS}/swifts.${api.group}`);
  });

  difference('a Pod of a default account that is not there yet', 'is created', async () => {
    const namespace = api.clusterWide('new');
    await api.makeNamespace(namespace);
    expect((await api.post(`${NAMESPACES}/${namespace}/pods`, pod('early'))).code).toBe(201);
  });

  difference('a list, or a watch with sendInitialEvents, from the future', 'is refused at once', async () => {
    const future = Number((await api.get(WIDGETS)).body.metadata.resourceVersion) + 1_000_000_000;
    for (const query of ['', '&watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan']) {
      const answer = await api.get(`${WIDGETS}?resourceVersion=${future}${query}`);
      expect(answer.code).toBe(504);
      expect(answer.body.message).toContain('Too large resource version');
    }
  });

  difference('who owns the structs of a new object of a built-in kind', 'its creator does', async () => {
    const { metadata } = await api.create(DEPLOYMENTS, deployment('structs'));
    expect(metadata.managedFields[0]?.fieldsV1).toMatchObject({ 'f:spec': { '.': {} } });
  });

  difference('quotas, limit ranges, priority and fairness', 'are not there', async () => {
    for (const path of [
      '/api/v1/resourcequotas',
      '/api/v1/limitranges',
      '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
    ])
      expect((await api.get(path)).code, path).toBe(404);
  });
});

describe('controllers and node:', () => {
  difference('nodes', 'there is one', async () => {
    expect((await api.get('/api/v1/nodes')).body.items).toHaveLength(1);
  });
});

it('every row of the tables is shown here, or not for a reason', () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((row) => !shown.has(row) && !(row in notShown))).toEqual([]);
});
