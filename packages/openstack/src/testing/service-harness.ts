// A service under test: what providers, workload controllers and the network would do, on the test's word.
import { CacheClaim, DatabaseClaim, IdentityClaim, MessagingClaim } from '@stackwright/api';
import { Label, type Graph } from '@stackwright/graph';
import {
  ConfigMap,
  DaemonSet,
  Deployment,
  Job,
  Pod,
  Secret,
  Service,
  StatefulSet,
  type Resource,
} from '@stackwright/kube';
import type { ServiceObject } from '../service/builder.js';
import type { ServiceOptions } from '../service/define-service.js';
import { FakeHttp } from './fake-http.js';
import { ObjectHarness } from './object-harness.js';

/** What the Secrets of fulfilled claims hold; a test may change it before it calls `provide`. */
const connections = {
  database: { host: 'mariadb.ns.svc', port: '3306', database: 'sample', username: 'sample', password: 'db-canary' },
  cache: { servers: 'memcached-0.memcached.ns.svc:11211' },
  identity: {
    auth_url: 'http://keystone.ns.svc:5000/v3',
    username: 'sample',
    password: 'identity-canary',
    project_name: 'service',
    user_domain_name: 'Default',
    project_domain_name: 'Default',
    region_name: 'RegionOne',
  },
  messaging: {
    transport_url: 'rabbit://sample:broker-canary@rabbitmq.ns.svc:5672/sample',
    hosts: 'rabbitmq.ns.svc:5672',
    vhost: 'sample',
    username: 'sample',
    password: 'broker-canary',
  },
};

const claims: readonly (readonly [Resource, keyof typeof connections])[] = [
  [DatabaseClaim, 'database'],
  [CacheClaim, 'cache'],
  [IdentityClaim, 'identity'],
  [MessagingClaim, 'messaging'],
];

export class ServiceHarness<R extends ServiceObject> extends ObjectHarness<R> {
  /** The network, as the controller sees it. */
  readonly http: FakeHttp;
  /** Of the databases that claims are given. */
  databaseId: string | undefined;
  readonly connections: Record<keyof typeof connections, Record<string, string>> = structuredClone(connections);

  constructor(graph: (options: ServiceOptions<R>) => Graph<R>, { kinds = [] }: { kinds?: readonly Resource[] } = {}) {
    const http = new FakeHttp();
    super(graph({ http }), { kinds: [Service, ...kinds] });
    this.http = http;
  }

  /** Fulfils the claims that are there, as they are now. */
  async provide(): Promise<void> {
    for (const [kind, what] of claims) {
      for (const { metadata } of await this.listed(kind)) {
        const name = metadata?.name ?? '';
        await this.fulfil(kind, name, this.connections[what]);
      }
    }
    await this.settle();
  }

  /** What a provider does with one claim. */
  async fulfil(kind: Resource, name: string, connection: Readonly<Record<string, string>>): Promise<void> {
    const secretName = `${name}-connection`;
    if (!this.api.peek(Secret, this.at(secretName))) await this.seedSecret(secretName, connection);
    const id = kind.kind === DatabaseClaim.kind && this.databaseId !== undefined ? { databaseId: this.databaseId } : {};
    await this.edit(kind, name, { status: { secretName, ...id } }, 'status');
    await this.sayReady(kind, name);
  }

  /** The Pod of a Job that has ended, as the kubelet leaves it behind. */
  async endPod(job: Readonly<Job>, exitCode: number, message: string): Promise<void> {
    const { name = '', uid = '', labels } = job.metadata ?? {};
    const { template } = job.spec ?? {};
    const state = { terminated: { exitCode, message } };
    const container = template?.spec?.containers[0]?.name ?? 'main';
    await this.api.seed(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...this.at(`${name}-x`),
        labels: template?.metadata?.labels ?? labels ?? {},
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true }],
      },
      spec: { containers: [] },
      status: {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [{ name: container, image: '', imageID: '', ready: false, restartCount: 0, state }],
      },
    });
  }

  /** Ends the Jobs that run, of one purpose ("db-sync") or all. */
  async endJobs(purpose?: string, type: 'Complete' | 'Failed' = 'Complete'): Promise<void> {
    for (const job of (await this.listed(Job)) as Job[]) {
      const isMeant = purpose === undefined || job.metadata?.labels?.[Label.component] === purpose;
      if (!isMeant || job.status?.conditions?.length) continue;
      const { type: condition, status, lastTransitionTime } = this.conditionOf(type, 'True');
      const conditions = [{ type: condition, status, lastTransitionTime }];
      await this.edit(Job, job.metadata?.name ?? '', { status: { conditions } }, 'status');
    }
    await this.settle();
  }

  /** All Pods of the wanted version are ready, of workloads of these kinds. Default: of all. */
  async replacePods(kinds: readonly Resource[] = [Deployment, StatefulSet, DaemonSet]): Promise<void> {
    for (const kind of kinds) {
      for (const { metadata, spec } of (await this.listed(kind)) as Deployment[]) {
        const status = { observedGeneration: metadata?.generation, ...rolledOut(kind, spec?.replicas ?? 1) };
        await this.edit(kind, metadata?.name ?? '', { status }, 'status');
      }
    }
    await this.settle();
  }

  /** All Pods of the wanted version are ready, and endpoints of their Services. */
  async rollOut(): Promise<void> {
    await this.replacePods();
    for (const { metadata, spec } of (await this.listed(Service)) as Service[]) {
      const ports = (spec?.ports ?? []).map(({ name = '', port }) => ({ name, port }));
      await this.endpoint(metadata?.name ?? '', ports, '10.0.0.7');
    }
    await this.settle();
  }

  /** From nothing to an API that is asked whether it answers. */
  async standUp(object: Omit<R, 'metadata'>): Promise<void> {
    await this.endpoint('keystone', [{ name: 'http', port: 5000 }], '10.0.0.7');
    await this.create(object);
    await this.settle();
    await this.provide();
    await this.endJobs();
    // Some Jobs come after others.
    await this.endJobs();
    await this.rollOut();
  }

  /** What `Ready` says of a `spec.config` that is not acceptable. Throws where it changes what runs. */
  async refusal(kind: Resource, config: object): Promise<string> {
    const before = JSON.stringify(await this.listed(Deployment));
    await this.edit(kind, this.key.name, { spec: { config } });
    await this.settle();
    if (JSON.stringify(await this.listed(Deployment)) !== before) throw new Error('What runs has changed');
    const { status, reason, message } = this.condition('Ready') ?? {};
    return `${status}: ${reason}: ${message}`;
  }

  /** A file of the configuration, as its Pods see it; or of another Secret. */
  file(name: string, secret = `${this.key.name}-config`): string {
    const encoded = this.api.peek(Secret, this.at(this.mounted(secret)))?.data?.[name];
    return Buffer.from(encoded ?? '', 'base64').toString();
  }

  /** A file of a ConfigMap, as its Pods see it. */
  text(configMap: string, file: string): string {
    return this.api.peek(ConfigMap, this.at(this.mounted(configMap)))?.data?.[file] ?? '';
  }

  /** What Pods of the API mount of something that has versions; else the name as it is. */
  mounted(base: string): string {
    const { volumes = [] } = this.api.peek(Deployment, this.key)?.spec?.template.spec ?? {};
    const names = volumes.flatMap(({ secret, configMap }) => secret?.secretName ?? configMap?.name ?? []);
    return names.find((name) => name.replace(/-[0-9a-f]{8}$/, '') === base) ?? base;
  }
}

/** What the controller of a workload says when its rollout is over. */
function rolledOut(kind: Resource, replicas: number): object {
  const nodes = { desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 2 };
  if (kind.kind === DaemonSet.kind) return { ...nodes, numberMisscheduled: 0, numberReady: 2, numberAvailable: 2 };
  const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
  return kind.kind === StatefulSet.kind ? { ...counts, currentRevision: 'r', updateRevision: 'r' } : counts;
}
