// A controller that was taken over has the rights of its ServiceAccount, and no more: what the manifests say of it is held
// against what it could try.
import { DatabaseClaim } from '@stackwright/api';
import { modules, manifestsFor } from '@stackwright/cli';
import { startApiServer, type ApiServer } from '@stackwright/devcluster';
import {
  ApiError,
  ConfigMap,
  connectionTo,
  createClient,
  createTransport,
  CronJob,
  CustomResourceDefinition,
  Deployment,
  Job,
  Namespace,
  NetworkPolicy,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  pathOf,
  Role,
  RoleBinding,
  Secret,
  Service,
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
let placement: Client;
let memcached: Client;

beforeAll(async () => {
  server = await startApiServer();
  admin = server.client();
  const wanted: readonly Resource[] = [
    ...[CustomResourceDefinition, Namespace, ServiceAccount, Role, RoleBinding],
    ...[ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, Deployment],
  ];
  for (const object of manifestsFor(modules, { namespace, imagePrefix: 'registry.example', tag: '1' })) {
    const resource = wanted.find(({ kind }) => kind === object.kind);
    if (resource) await admin.create(resource, object);
  }
  mariadb = await as('mariadb-controller');
  keystone = await as('keystone-controller');
  placement = await as('placement-controller');
  memcached = await as('memcached-controller');
  for (const [kind, name] of [
    ['mariadb', 'data-mariadb-0'],
    ['glance', 'glance-volume'],
  ] as const)
    await admin.create(PersistentVolumeClaim, volume(name, kind));
  await admin.create<KubeObject>(StatefulSet, {
    ...statefulSet('mariadb', 'mariadb.stackwright.dev'),
    metadata: marked(StatefulSet, 'mariadb', 'mariadb.stackwright.dev'),
  });
  for (const [resource, spec] of standing)
    await admin.create(resource, { metadata: marked(resource, 'standing', GROUP), ...spec });
});
afterAll(async () => {
  for (const transport of transports) transport.close();
  await server.stop();
});

const volume = (name: string, kind: string): KubeObject => ({
  metadata: {
    name,
    namespace,
    labels: { 'app.kubernetes.io/name': kind, 'app.kubernetes.io/managed-by': 'stackwright' },
  },
  ...{ spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
});

/** As what outlives its owner has it: no ownerReference, but whose it is in full. */
const marked = ({ group: of, kind }: Resource, name: string, group: string): NonNullable<KubeObject['metadata']> => ({
  name,
  namespace,
  annotations: {
    'stackwright.dev/owner': `stackwright/${group}/${kinds[group]}/${namespace}/any/${of}/${kind}/${namespace}/${name}`,
  },
});

/** Of a Keystone: whoever could change it would run code in its Pods, read its keys, lead others to what answers in its place. */
const standing: readonly [Resource, object][] = [
  [Secret, { stringData: { key: 'value' } }],
  [ConfigMap, { data: { key: 'value' } }],
  [Service, { spec: { selector: { app: 'x' }, ports: [{ port: 80 }] } }],
  [NetworkPolicy, { spec: { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'keystone' } } } }],
  [PodDisruptionBudget, { spec: { selector: { matchLabels: { app: 'x' } }, minAvailable: 1 } }],
  [DatabaseClaim, { spec: { provider: 'mariadb', database: 'keystone' } }],
];

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

const kinds: Readonly<Record<string, string>> = {
  'keystone.stackwright.dev': 'Keystone',
  'mariadb.stackwright.dev': 'MariaDB',
  'memcached.stackwright.dev': 'Memcached',
  'placement.stackwright.dev': 'Placement',
};
/** The label by which Pods are let in. */
const labelsOf = (group: string) => ({ 'app.kubernetes.io/name': (kinds[group] ?? '').toLowerCase() });

const owned = (name: string, group: string): NonNullable<KubeObject['metadata']> => ({
  name,
  namespace,
  ownerReferences: [
    { apiVersion: `${group}/v1alpha1`, kind: kinds[group] ?? '', name: 'any', uid: 'u-1', controller: true },
  ],
});

const statefulSet = (name: string, group: string, spec: object = {}): KubeObject => ({
  metadata: owned(name, group),
  ...{
    spec: {
      serviceName: name,
      selector: { matchLabels: labelsOf(group) },
      template: { metadata: { labels: labelsOf(group) }, spec: { ...pod, ...spec } },
    },
  },
});

const deployment = (group: string, spec: object = {}): KubeObject => ({
  metadata: owned('api', group),
  ...{
    spec: {
      selector: { matchLabels: labelsOf(group) },
      template: { metadata: { labels: labelsOf(group) }, spec: { ...pod, ...spec } },
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

  it('do not pass for those of another service, nor for a controller', async () => {
    for (const name of ['mariadb', 'mariadb-controller', '']) {
      const labels = { app: 'x', ...(name === '' ? {} : { 'app.kubernetes.io/name': name }) };
      const made = deployment(GROUP) as { spec?: { template: object } };
      const template = { ...made.spec?.template, metadata: { labels } };
      const spec = { ...made.spec, selector: { matchLabels: { app: 'x' } }, template };
      expect(
        await answerTo(keystone.create<KubeObject>(Deployment, { metadata: owned('api', GROUP), ...{ spec } }, dryRun)),
      ).toContain('its Pods are labelled');
    }
  });

  it('have no volume that was claimed where their service never has one', async () => {
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data-mariadb-0' } }];
    const made = statefulSet('x', 'memcached.stackwright.dev', { volumes });
    expect(await answerTo(memcached.create(StatefulSet, made, dryRun))).toContain('volumes of the types');
  });

  it('do not, whatever makes them', async () => {
    const bad = { serviceAccountName: 'mariadb-controller' };
    const template = { metadata: { labels: labelsOf(GROUP) }, spec: { ...pod, ...bad, restartPolicy: 'Never' } };
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
    expect(await answerTo(memcached.patch(StatefulSet, key, change, dryRun))).toContain(
      'nothing but what is of an object of its own kinds',
    );
    const taken = patch({ metadata: owned('mariadb', 'memcached.stackwright.dev') });
    expect(await answerTo(memcached.patch(StatefulSet, key, taken, dryRun))).toContain(
      'touches nothing but what is of an object of its own kinds',
    );
    expect(await answerTo(memcached.delete(StatefulSet, key, dryRun))).toContain(
      'touches nothing but what is of an object of its own kinds',
    );
    const own = patch({ metadata: owned('mariadb', 'mariadb.stackwright.dev') });
    expect(await answerTo(mariadb.patch(StatefulSet, key, own, dryRun))).toBe('taken');
    expect(await answerTo(mariadb.delete(StatefulSet, key, dryRun))).toBe('taken');
  });

  it.each(standing.map(([resource]) => [resource.kind, resource] as const))(
    'a %s of one service is not changed, deleted or taken over by the controller of another',
    async (_, resource) => {
      const key = { namespace, name: 'standing' };
      const why = /nothing but what is of an object of its own kinds|cannot (patch|delete) resource/;
      for (const other of [placement, memcached]) {
        expect(await answerTo(other.patch(resource, key, patch({ metadata: { labels: { x: 'y' } } }), dryRun))).toMatch(
          why,
        );
        const taken = patch({ metadata: owned('standing', 'placement.stackwright.dev') });
        expect(await answerTo(other.patch(resource, key, taken, dryRun))).toMatch(why);
        expect(await answerTo(other.delete(resource, key, dryRun))).toMatch(why);
      }
      expect(await answerTo(keystone.patch(resource, key, patch({ metadata: { labels: { x: 'y' } } }), dryRun))).toBe(
        'taken',
      );
      expect(await answerTo(keystone.delete(resource, key, dryRun))).toBe('taken');
    },
  );

  it('the controllers themselves are changed and deleted by none of them', async () => {
    const key = { namespace, name: 'mariadb-controller' };
    for (const one of [placement, keystone]) {
      expect(await answerTo(one.delete(Deployment, key, dryRun))).toContain('nothing but what is of');
      const change = patch({ metadata: owned(key.name, GROUP) });
      expect(await answerTo(one.patch(Deployment, key, change, dryRun))).toContain('is forbidden');
    }
  });

  it('of a person is left alone, until they hand it over', async () => {
    const name = 'by-hand';
    await admin.create(ConfigMap, { metadata: { name, namespace } });
    const change = patch({ metadata: { labels: { x: 'y' } } });
    expect(await answerTo(keystone.patch(ConfigMap, { namespace, name }, change, dryRun))).toContain('is forbidden');
    const over = { 'app.kubernetes.io/managed-by': 'stackwright' };
    await admin.patch(ConfigMap, { namespace, name }, patch({ metadata: { labels: over } }));
    expect(await answerTo(keystone.patch(ConfigMap, { namespace, name }, change, dryRun))).toBe('taken');
  });

  it('of a person is noted on, and not deleted, where it is a Secret that they offer', async () => {
    const key = { namespace, name: 'chosen' };
    const noted = patch({ metadata: { annotations: { x: 'y' } } });
    await admin.create(Secret, { metadata: { ...key, labels: { 'app.kubernetes.io/name': 'payroll' } } });
    expect(await answerTo(mariadb.patch(Secret, key, noted, dryRun))).toContain('nothing but what is of');
    await admin.patch(Secret, key, patch({ metadata: { labels: { 'stackwright.dev/usable-by': 'mariadb' } } }));
    expect(await answerTo(mariadb.patch(Secret, key, noted, dryRun))).toBe('taken');
    expect(await answerTo(mariadb.delete(Secret, key, dryRun))).toContain('nothing but what is of');
  });

  it('is added to with what is of an object of its own kinds', async () => {
    const stray = { metadata: { name: 'stray', namespace } };
    expect(await answerTo(keystone.create(ConfigMap, stray, dryRun))).toContain('nothing but what is of');
    expect(await answerTo(keystone.create(ConfigMap, { metadata: owned('x', GROUP) }, dryRun))).toBe('taken');
    expect(await answerTo(keystone.create(ConfigMap, { metadata: marked(ConfigMap, 'x', GROUP) }, dryRun))).toBe(
      'taken',
    );
  });

  it('opens to whom its own controller lets in', async () => {
    const policy = (podSelector: object): KubeObject => ({ metadata: owned('x', GROUP), ...{ spec: { podSelector } } });
    const others = { matchLabels: { 'app.kubernetes.io/name': 'mariadb' } };
    for (const selector of [{}, others, { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }])
      expect(await answerTo(keystone.create(NetworkPolicy, policy(selector), dryRun))).toContain(
        'only Pods of its own kinds',
      );
    expect(await answerTo(keystone.create(NetworkPolicy, policy({ matchLabels: labelsOf(GROUP) }), dryRun))).toBe(
      'taken',
    );
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
    metadata: { ...owned('s', GROUP), annotations: { 'kubernetes.io/service-account.name': 'mariadb-controller' } },
    ...{ type },
  });
  expect(await answerTo(keystone.create(Secret, secret('Opaque'), dryRun))).toBe('taken');
  expect(await answerTo(keystone.create(Secret, secret('kubernetes.io/service-account-token'), dryRun))).toContain(
    "asks for nobody's token",
  );
});
