// A cluster with its simulated node and our controllers, all in this process, speaking HTTP to each other.
import { ControlPlane } from '@stackwright/api';
import { customResourceDefinitions, manifestsFor, modules as allModules } from '@stackwright/cli';
import { createManager, type Clock, type ControllerModule, type ManagerProcess } from '@stackwright/core';
import { startDevcluster, type AuditEvent, type Devcluster, type SimulatedRuntime } from '@stackwright/devcluster';
import {
  CustomResourceDefinition,
  ClusterRole,
  ClusterRoleBinding,
  Namespace,
  Role,
  RoleBinding,
  ServiceAccount,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  connectionTo,
  createClient,
  createTransport,
  loadConfig,
  pathOf,
  type Client,
  type KubeObject,
  type Resource,
  type Transport,
} from '@stackwright/kube';
import { rightsRecorder } from '../rights/record.js';
import { silentLog } from './log.js';

export const namespace = 'openstack';

/** The key of the one control plane. */
export const plane = { namespace, name: 'openstack' };

export interface RunningController {
  readonly manager: ManagerProcess;
  /** As SIGTERM: finishes what it does. */
  stop(): Promise<void>;
  /** As SIGKILL: not a single request more reaches the API. */
  kill(): Promise<void>;
}

export interface World {
  readonly cluster: Devcluster;
  /** Decides what containers do. */
  readonly simulated: SimulatedRuntime;
  /** The user's. */
  readonly client: Client;
  /** Every request so far, oldest first. */
  readonly audit: readonly AuditEvent[];
  readonly controllers: ReadonlyMap<string, RunningController>;
  /** `resync` in milliseconds, instead of the world's. */
  start(name: string, resync?: number): Promise<RunningController>;
  stop(): Promise<void>;
}

/** What the smallest control plane needs; each controller more costs every world of the suite. */
const few = ['coordinator', 'mariadb', 'memcached', 'keystone'];

export const fewModules = allModules.filter(({ name }) => few.includes(name));

export interface WorldOptions {
  /** Default: those that the smallest control plane needs. */
  modules?: readonly ControllerModule[];
  /** Of the controllers. Default: the machine's. */
  clock?: Clock;
  /** Milliseconds after which controllers look at everything again. Default: hours. */
  resync?: number;
  /** Milliseconds that a namespace keeps what is in it after its deletion was asked for. Default 0; a real cluster has 5000. */
  namespaceGrace?: number;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { modules = fewModules, resync, clock, namespaceGrace = 0 } = options;
  const cluster = await startDevcluster({ node: 'simulated', namespaceGrace });
  const audit: AuditEvent[] = [];
  cluster.server.onAudit((event) => audit.push(event));
  const recorder = rightsRecorder(namespace);
  if (recorder) cluster.server.onAudit(recorder);
  const user = await connect(cluster, 'user');
  for (const definition of customResourceDefinitions(modules))
    await user.client.create(CustomResourceDefinition, definition);
  await grantPermissions(user.client, modules);

  const controllers = new Map<string, RunningController>();
  if (!cluster.simulated) throw new Error('the node is not simulated');
  const world: World = {
    cluster,
    simulated: cluster.simulated,
    client: user.client,
    audit,
    controllers,
    async start(name, period = resync) {
      const module = modules.find((each) => each.name === name);
      if (!module) throw new Error(`No module ${name}`);
      const controller = await startController(cluster, module, {
        ...(period === undefined ? {} : { resync: period }),
        ...(clock ? { clock } : {}),
      });
      controllers.set(name, controller);
      return controller;
    },
    async stop() {
      await Promise.all([...controllers.values()].map((controller) => controller.stop()));
      user.transport.close();
      await cluster.stop();
    },
  };
  await Promise.all(modules.map(({ name }) => world.start(name)));
  return world;
}

/** Of the manifests, what says who the controllers are and what they and their Pods may do: the API server holds them to it. */
async function grantPermissions(client: Client, modules: readonly ControllerModule[]): Promise<void> {
  const kinds: readonly Resource[] = [
    ...[Namespace, ServiceAccount, Role, RoleBinding, ClusterRole, ClusterRoleBinding],
    ...[ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding],
  ];
  for (const object of manifestsFor(modules, { namespace, imagePrefix: 'localhost/stackwright', tag: 'test' })) {
    const resource = kinds.find(({ kind }) => kind === object.kind);
    if (resource) await client.create(resource, object);
  }
}

interface Connected {
  client: Client;
  transport: Transport;
}

/** As the administrator, or as a ServiceAccount of the namespace. */
async function connect(cluster: Devcluster, userAgent: string, serviceAccount?: string): Promise<Connected> {
  const connection =
    serviceAccount === undefined
      ? await loadConfig({ content: cluster.kubeconfig })
      : connectionTo({ server: cluster.url, token: await tokenOf(cluster, serviceAccount) });
  const transport = createTransport({ connection, userAgent });
  return { client: createClient(transport), transport };
}

async function tokenOf({ client }: Devcluster, name: string): Promise<string> {
  const answer = await client.raw('POST', pathOf(ServiceAccount, { namespace, name }, 'token'), {
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
    contentType: 'application/json',
  });
  return (JSON.parse(answer) as { status: { token: string } }).status.token;
}

async function startController(
  cluster: Devcluster,
  module: ControllerModule,
  options: { resync?: number; clock?: Clock },
): Promise<RunningController> {
  const name = `${module.name}-controller`;
  const { client, transport } = await connect(cluster, name, name);
  const manager = createManager({
    name: module.name,
    client,
    log: silentLog,
    namespaces: [namespace],
    ...options,
  });
  module.setup(manager);
  const abort = new AbortController();
  const ended = manager.run(abort.signal);
  let killed = false;
  ended.catch((error: unknown) => {
    if (!killed) throw error;
  });
  const end = async () => {
    abort.abort();
    await ended.catch(() => undefined);
    transport.close();
  };
  return {
    manager,
    stop: end,
    kill: async () => {
      killed = true;
      transport.close();
      await end();
    },
  };
}

/** The smallest control plane. */
export const controlPlane = (spec: object = {}): KubeObject => ({
  apiVersion: 'stackwright.dev/v1alpha1',
  kind: ControlPlane.kind,
  metadata: plane,
  ...{
    spec: {
      release: '2025.1',
      infrastructure: { database: { mariadb: {} }, cache: { memcached: {} } },
      services: { keystone: {} },
      ...spec,
    },
  },
});
