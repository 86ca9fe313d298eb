// The Pods of an object, and all templates from which more may be started: by this is judged what is in use (a user of a
// database, a version of a file), so that nothing is taken away which a Pod needs that starts next.
import { jobState, rolloutOf, type ReadDeclaration, type Reconciled, type StepScope } from '@stackwright/graph';
import {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  Pod,
  ReplicaSet,
  StatefulSet,
  type Resource,
} from '@stackwright/kube';

/** What keeps Pods running. */
export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';

const parts = <R extends Resource>(resource: R): { resource: R; parts: true } => ({ resource, parts: true });

const ofTasks = [parts(CronJob), parts(Job), parts(Pod)] as const;

const revisions = parts(ControllerRevision);

const ofKind = {
  Deployment: [parts(Deployment), parts(ReplicaSet)],
  StatefulSet: [parts(StatefulSet), revisions],
  DaemonSet: [parts(DaemonSet), revisions],
} as const satisfies Record<WorkloadKind, readonly unknown[]>;

type ReadOfPods = (typeof ofTasks)[number] | (typeof ofKind)[WorkloadKind][number];

type Template = Pick<Pod, 'metadata' | 'spec'>;

export interface PodsOfObject {
  /** Of the workloads, as they are wanted. `isRolledOut`: none of an older template is left, or about to start. */
  workloads: readonly { template: Template; isRolledOut: boolean }[];
  /** Of CronJobs, and of Jobs that have not ended: one that is between two attempts has no Pod. */
  tasks: readonly Template[];
  /** Of revisions that a workload may be taken back to. */
  earlier: readonly Template[];
  /** Those that have not ended, also while they stop. */
  pods: readonly Template[];
}

/**
 * Of a service, which says with `has` what workloads its objects have: other kinds are neither watched nor asked for, and its
 * controller needs no right to them. To be said while the graph is declared.
 */
export class ObjectPods {
  readonly #kinds = new Set<WorkloadKind>();
  readonly #declared: ReadOfPods[][] = [];

  constructor(...kinds: readonly WorkloadKind[]) {
    for (const kind of kinds) this.has(kind);
  }

  /** A step makes such workloads. */
  has(kind: WorkloadKind): void {
    if (this.#kinds.has(kind)) return;
    this.#kinds.add(kind);
    for (const reads of this.#declared) reads.push(...ofKind[kind].filter((read) => !reads.includes(read)));
  }

  /** What a step declares as its `reads` that calls `of`, and `more`. It grows when a later step says what workloads there are. */
  reads<More extends readonly ReadDeclaration[]>(...more: More): readonly (ReadOfPods | More[number])[] {
    const reads: (ReadOfPods | More[number])[] = [...more, ...ofTasks];
    for (const kind of this.#kinds) reads.push(...ofKind[kind].filter((read) => !reads.includes(read)));
    this.#declared.push(reads as ReadOfPods[]);
    return reads;
  }

  of<R extends Reconciled>(scope: StepScope<R>): PodsOfObject {
    const { labels } = scope;
    const has = (kind: WorkloadKind) => this.#kinds.has(kind);
    const deployments = has('Deployment') ? scope.list(Deployment, { labels }) : [];
    const statefulSets = has('StatefulSet') ? scope.list(StatefulSet, { labels }) : [];
    const daemonSets = has('DaemonSet') ? scope.list(DaemonSet, { labels }) : [];
    const replicaSets = has('Deployment') ? scope.list(ReplicaSet, { labels }) : [];
    const controllerRevisions =
      has('StatefulSet') || has('DaemonSet') ? scope.list(ControllerRevision, { labels }) : [];
    const isDone = ({ state }: { state: string }) => state === 'Done';
    const running = [
      ...deployments.map((one) => ({ one, rollout: rolloutOf(scope, Deployment, one.metadata?.name ?? '', one) })),
      ...statefulSets.map((one) => ({ one, rollout: rolloutOf(scope, StatefulSet, one.metadata?.name ?? '', one) })),
      ...daemonSets.map((one) => ({ one, rollout: rolloutOf(scope, DaemonSet, one.metadata?.name ?? '', one) })),
    ];
    const tasks = [
      ...scope.list(CronJob, { labels }).map(({ spec }) => spec?.jobTemplate.spec?.template),
      // What has ended starts nothing.
      ...scope.list(Job, { labels }).map((job) => (jobState(job) === 'Active' ? job.spec?.template : undefined)),
    ];
    return {
      workloads: running.flatMap(({ one: { spec }, rollout }) =>
        spec ? { template: spec.template, isRolledOut: isDone(rollout) } : [],
      ),
      tasks: tasks.filter((template) => template !== undefined),
      earlier: [...replicaSets.flatMap(({ spec }) => spec?.template ?? []), ...controllerRevisions.flatMap(templateOf)],
      pods: scope.list(Pod, { labels }).filter(({ status }) => !hasEnded(status?.phase)),
    };
  }
}

const hasEnded = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

/** A revision of a StatefulSet or a DaemonSet holds the patch that makes its template. */
function templateOf({ data }: Readonly<ControllerRevision>): Template[] {
  const { spec } = (data ?? {}) as { spec?: { template?: Template } };
  return spec?.template ? [spec.template] : [];
}
