// A controller that was taken over has the rights of its ServiceAccount, and no more: what the manifests say of it is held
// against what it could try.
import { modules, manifestsFor } from '@stackwright/cli';
import { startApiServer, type ApiServer } from '@stackwright/devcluster';
import {
  ApiError,
  connectionTo,
  createClient,
  createTransport,
  CronJob,
  CustomResourceDefinition,
  Deployment,
  Job,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  pathOf,
  Role,
  RoleBinding,
  Secret,
  ServiceAccount,
  StatefulSet,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  type Client,
  type KubeObject,
  type Resource,
  type Transport,
} from '@stackwright/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const namespace = 'cloud';
let server: ApiServer;
let admin: Client;
const transports: Transport[] = [];

/** A client that has the token of the controller. */
async function as(controller: string): Promise<Client> {
  const answer = await admin.raw('POST', pathOf(ServiceAccount, { namespace, name: controller }, 'token'), {
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
    contentType: 'application/json',
  });
  const { token } = (JSON.parse(answer) as { status: { token: string } }).status;
  const transport = createTransport({ connection: connectionTo({ server: server.url, token }), userAgent: controller });
  transports.push(transport);
  return createClient(transport);
}

let mariadb: Client;
let keystone: Client;
let memcached: Client;

beforeAll(async () => {
  server = await startApiServer();
  admin = server.client();
  const kinds: readonly Resource[] = [
    ...[CustomResourceDefinition, Namespace, ServiceAccount, Role, RoleBinding],
    ...[ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding],
  ];
  for (const object of manifestsFor(modules, { namespace, imagePrefix: 'registry.example', tag: '1' })) {
    const resource = kinds.find(({ kind }) => kind === object.kind);
    if (resource) await admin.create(resource, object);
  }
  mariadb = await as('mariadb-controller');
  keystone = await as('keystone-controller');
  memcached = await as('memcached-controller');
  for (const [kind, name] of [
    ['mariadb', 'data-mariadb-0'],
    ['glance', 'glance-volume'],
  ] as const)
    await admin.create(PersistentVolumeClaim, volume(name, kind));
  await admin.create(StatefulSet, statefulSet('mariadb', 'mariadb.stackwright.dev'));
});
afterAll(async () => {
  for (const transport of transports) transport.close();
  await server.stop();
});

const volume = (name: string, kind: string): KubeObject => ({
  metadata: { name, namespace, labels: { 'app.kubernetes.io/name': kind } },
  ...{ spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
});

const container = {
  name: 'main',
  image: 'registry.example/any:1',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};
const pod = {
  restartPolicy: 'Always',
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, runAsUser: 64100, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container],
};

const owned = (name: string, group: string): NonNullable<KubeObject['metadata']> => ({
  name,
  namespace,
  ownerReferences: [{ apiVersion: `${group}/v1alpha1`, kind: 'Any', name: 'any', uid: 'u-1', controller: true }],
});

const statefulSet = (name: string, group: string, spec: object = {}): KubeObject => ({
  metadata: owned(name, group),
  ...{
    spec: {
      serviceName: name,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { ...pod, ...spec } },
    },
  },
});

const deployment = (group: string, spec: object = {}): KubeObject => ({
  metadata: owned('api', group),
  ...{
    spec: {
      selector: { matchLabels: { app: 'api' } },
      template: { metadata: { labels: { app: 'api' } }, spec: { ...pod, ...spec } },
    },
  },
});

const withContainer = (more: object): object => ({ containers: [{ ...container, ...more }] });
const withSecurity = (more: object): object =>
  withContainer({ securityContext: { ...container.securityContext, ...more } });

/** What the server says to it; "taken" where it takes it. */
async function answerTo(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return 'taken';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.message;
  }
}

const GROUP = 'keystone.stackwright.dev';
const dryRun = { dryRun: true };
const asKeystone = (spec: object): Promise<string> =>
  answerTo(keystone.create(Deployment, deployment(GROUP, spec), dryRun));

describe('Pods of a controller', () => {
  it('are let run as they are meant to be', async () => {
    const volumes = [
      { name: 'a', emptyDir: {} },
      { name: 'b', secret: { secretName: 's' } },
      { name: 'c', configMap: { name: 'c' } },
      { name: 'd', persistentVolumeClaim: { claimName: 'p' } },
    ];
    expect(await asKeystone({ volumes, initContainers: [{ ...container, name: 'first' }] })).toBe('taken');
  });

  it.each<[what: string, spec: object, why: string]>([
    ['as the account of another', { serviceAccountName: 'mariadb-controller' }, 'run as default only'],
    ['as the account of another, by its old name', { serviceAccount: 'mariadb-controller' }, 'run as default only'],
    ['as itself', { serviceAccountName: 'keystone-controller' }, 'run as default only'],
    ['with a token', { automountServiceAccountToken: true }, 'get no token'],
    [
      'with a token in a volume',
      { volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
      'volumes of the types configMap, emptyDir, persistentVolumeClaim, secret only',
    ],
    ['with a path of the host', { volumes: [{ name: 'h', hostPath: { path: '/' } }] }, 'volumes of the types'],
    ['on the network of the host', { hostNetwork: true }, 'share nothing with their host'],
    ['among the processes of the host', { hostPID: true }, 'share nothing with their host'],
    ['with the memory of the host', { hostIPC: true }, 'share nothing with their host'],
    ['on a node of their choice', { nodeName: 'control-plane' }, 'where the scheduler puts them'],
    ['as root', { securityContext: { ...pod.securityContext, runAsUser: 0 } }, 'not run as root'],
    [
      'as whoever the image says',
      { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      'not run as root',
    ],
    ['with a container that is root', withSecurity({ runAsUser: 0 }), 'not run as root'],
    ['with a container that may be root', withSecurity({ runAsNonRoot: false }), 'not run as root'],
    ['with privileges', withContainer({ securityContext: { privileged: true } }), 'have no privileges'],
    ['that may come to privileges', withSecurity({ allowPrivilegeEscalation: true }), 'have no privileges'],
    ['with capabilities', withSecurity({ capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } }), 'have no privileges'],
    ['that keep capabilities', withSecurity({ capabilities: {} }), 'have no privileges'],
    ['with privileges in what comes first', { initContainers: [{ name: 'first', image: 'i' }] }, 'no privileges'],
    ['without seccomp', withSecurity({ seccompProfile: { type: 'Unconfined' } }), 'seccomp profile of the runtime'],
    ['on a port of the host', withContainer({ ports: [{ containerPort: 80, hostPort: 80 }] }), 'ports of their host'],
  ])('do not run %s', async (_, spec, why) => {
    const answer = await asKeystone(spec);
    expect(answer).toContain("ValidatingAdmissionPolicy 'cloud-keystone-controller-pods'");
    expect(answer).toContain(why);
  });

  it('do not, whatever makes them', async () => {
    const bad = { serviceAccountName: 'mariadb-controller' };
    const template = { metadata: { labels: { app: 'x' } }, spec: { ...pod, ...bad, restartPolicy: 'Never' } };
    const metadata = owned('x', GROUP);
    const attempts = [
      answerTo(keystone.create<KubeObject>(Job, { metadata, ...{ spec: { template } } }, dryRun)),
      answerTo(
        keystone.create<KubeObject>(
          CronJob,
          { metadata, ...{ spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template } } } } },
          dryRun,
        ),
      ),
      answerTo(mariadb.create(StatefulSet, statefulSet('x', 'mariadb.stackwright.dev', bad), dryRun)),
    ];
    for (const attempt of await Promise.all(attempts)) expect(attempt).toMatch(/run as default only|cannot create/);
    expect(await answerTo(keystone.create<KubeObject>(Pod, { metadata, ...{ spec: pod } }, dryRun))).toContain(
      'cannot create resource "pods"',
    );
  });

  it('are held to it also by whoever has given them more rights than they need', async () => {
    const name = 'too-much';
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['create'] }];
    await admin.create(Role, { metadata: { name, namespace }, rules });
    await admin.create(RoleBinding, {
      metadata: { name, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: 'memcached-controller', namespace }],
    });
    const metadata = owned('x', 'memcached.stackwright.dev');
    expect(await answerTo(memcached.create<KubeObject>(Pod, { metadata, ...{ spec: pod } }, dryRun))).toMatch(
      /this controller makes .*StatefulSet only/,
    );
  });
});

describe('what is there already', () => {
  const patch = (body: object) => ({ type: 'merge', body }) as const;

  it('of one service is not changed or deleted by the controller of another', async () => {
    const key = { namespace, name: 'mariadb' };
    const change = patch({ metadata: { labels: { x: 'y' } } });
    expect(await answerTo(memcached.patch(StatefulSet, key, change, dryRun))).toContain('nothing that another owns');
    const taken = patch({ metadata: owned('mariadb', 'memcached.stackwright.dev') });
    expect(await answerTo(memcached.patch(StatefulSet, key, taken, dryRun))).toContain(
      'touches nothing that another owns',
    );
    expect(await answerTo(memcached.delete(StatefulSet, key, dryRun))).toContain('touches nothing that another owns');
    expect(await answerTo(mariadb.patch(StatefulSet, key, change, dryRun))).toBe('taken');
    expect(await answerTo(mariadb.delete(StatefulSet, key, dryRun))).toBe('taken');
  });

  it('volumes are deleted by who made them only', async () => {
    const own = { namespace, name: 'data-mariadb-0' };
    const other = { namespace, name: 'glance-volume' };
    expect(await answerTo(mariadb.delete(PersistentVolumeClaim, own, dryRun))).toBe('taken');
    expect(await answerTo(mariadb.delete(PersistentVolumeClaim, other, dryRun))).toContain(
      'only volumes of its own kinds',
    );
    expect(await answerTo(memcached.delete(PersistentVolumeClaim, own, dryRun))).toContain('cannot delete resource');
    const relabel = patch({ metadata: { labels: { 'app.kubernetes.io/name': 'mariadb' } } });
    expect(await answerTo(mariadb.patch(PersistentVolumeClaim, other, relabel, dryRun))).toContain(
      'only volumes of its own kinds',
    );
  });
});

it('a Secret that the cluster would fill with the token of another account is not made', async () => {
  const secret = (type: string): KubeObject => ({
    metadata: { name: 's', namespace, annotations: { 'kubernetes.io/service-account.name': 'mariadb-controller' } },
    ...{ type },
  });
  expect(await answerTo(keystone.create(Secret, secret('Opaque'), dryRun))).toBe('taken');
  expect(await answerTo(keystone.create(Secret, secret('kubernetes.io/service-account-token'), dryRun))).toContain(
    "asks for nobody's token",
  );
});
