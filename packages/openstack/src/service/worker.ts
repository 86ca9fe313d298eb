// What works for a service beside its API: Pods that take messages, or do something by themselves.
import { Reason, type Resources } from '@stackwright/api';
import { done, failed, Label, rolloutOf, type Outcome, type StepHandle, type StepScope } from '@stackwright/graph';
import { DaemonSet, Deployment, PodDisruptionBudget, Service, StatefulSet, type Resource } from '@stackwright/kube';
import { disruptionBudget } from '../workload/disruption.js';
import type { WorkloadKind } from '../workload/object-pods.js';
import type { PodTemplate } from '../workload/pod-template.js';
import type { ServiceObject, Worker, WorkerOptions } from './builder.js';
import { stepsOf, valueOf } from './container-options.js';
import type { Declaration } from './declaration.js';
import { camel, kebab, partName } from './names.js';
import { strategyFor, workloadPods } from './workload-pods.js';

const defaultResources: Resources = { requests: { cpu: '100m', memory: '256Mi' } };

const owned = {
  Deployment: [Deployment, PodDisruptionBudget],
  // A Service gives the Pods their names.
  StatefulSet: [Service, StatefulSet, PodDisruptionBudget],
  // Who drains a node leaves them where they are.
  DaemonSet: [DaemonSet],
} as const satisfies Record<WorkloadKind, readonly Resource[]>;

export function workerStep<R extends ServiceObject>(
  { g, release, pods: parts }: Declaration<R>,
  options: WorkerOptions<R>,
): StepHandle<Worker> {
  const {
    name,
    process = camel(name),
    as = 'Deployment',
    scale = () => undefined,
    terminationGracePeriodSeconds = 60,
  } = options;
  const component = kebab(name);
  parts.has(as);
  return g.step({
    name,
    after: [release, ...stepsOf(options)],
    owns: owned[as],
    reads: parts.reads(),
    // What runs is scaled also while a change of it is refused.
    meanwhile(object, child) {
      const replicas = scale(object)?.replicas;
      if (replicas === undefined || !('spec' in child) || child.kind !== as) return child;
      return { ...child, ...{ spec: { ...(child.spec as object), replicas } } };
    },
    run(scope): Outcome<Worker> {
      const facts = scope.output(release);
      const command = options.command ? valueOf(options.command, scope) : facts.commands[process];
      if (!command) {
        const message = `The catalog has no command "${process}" for release ${facts.release}`;
        return failed(Reason.UnsupportedRelease, message);
      }
      const { spec } = scope.object;
      const wanted = scale(scope.object) ?? {};
      const selector = { ...scope.labels, [Label.component]: component };
      const pods = workloadPods(scope, facts, options, {
        component,
        selector,
        command,
        resources: [options.resources ?? defaultResources, wanted.resources ?? spec.resources],
        scheduling: { ...spec, ...wanted },
        terminationGracePeriodSeconds,
      });
      if (pods.state !== 'Done') return pods;
      const workload = partName(scope.name, name);
      if (as !== 'DaemonSet') {
        const budget = wanted.podDisruptionBudget ?? spec.podDisruptionBudget;
        scope.own(PodDisruptionBudget, disruptionBudget(workload, selector, budget));
      }
      const replicas = wanted.replicas === undefined ? { atCreation: options.replicas ?? 1 } : wanted.replicas;
      const strategy = strategyFor(scope, options);
      return runs(scope, as, { workload, selector, template: pods.output, replicas, strategy });
    },
  });
}

interface Wanted {
  workload: string;
  selector: Record<string, string>;
  template: PodTemplate;
  /** `atCreation`: nobody has said a number, and whoever scales it may. */
  replicas: number | { atCreation: number };
  /** Of a Deployment. */
  strategy: ReturnType<typeof strategyFor>;
}

function runs(
  scope: StepScope,
  as: WorkloadKind,
  { workload, selector, template, replicas, strategy }: Wanted,
): Outcome<Worker> {
  const component = selector[Label.component] ?? '';
  const metadata = { name: workload, labels: { [Label.component]: component } };
  const common = { selector: { matchLabels: selector }, template, revisionHistoryLimit: 3 };
  const isOthers = typeof replicas === 'object';
  const number = isOthers ? replicas.atCreation : replicas;
  const how = isOthers ? { atCreation: ['spec.replicas'] } : {};
  switch (as) {
    case 'Deployment': {
      const observed = scope.own(Deployment, { metadata, spec: { ...common, replicas: number, strategy } }, how);
      return workerOf(rolloutOf(scope, Deployment, workload, observed), { name: workload, pods: [] });
    }
    case 'StatefulSet': {
      // Without ports: it is for the names alone. One that is not ready has its name as well.
      const headless = { clusterIP: 'None', publishNotReadyAddresses: true, selector };
      scope.own(Service, { metadata, spec: headless });
      const spec = { ...common, replicas: number, serviceName: workload, podManagementPolicy: 'Parallel' };
      const observed = scope.own(StatefulSet, { metadata, spec }, how);
      const pods = Array.from({ length: observed?.spec?.replicas ?? number }, (_, index) => `${workload}-${index}`);
      return workerOf(rolloutOf(scope, StatefulSet, workload, observed), { name: workload, pods });
    }
    case 'DaemonSet': {
      const observed = scope.own(DaemonSet, { metadata, spec: common });
      return workerOf(rolloutOf(scope, DaemonSet, workload, observed), { name: workload, pods: [] });
    }
  }
}

function workerOf(rollout: Outcome<undefined>, worker: Worker): Outcome<Worker> {
  if (rollout.state !== 'Done') return rollout;
  const { warning } = rollout;
  return done(worker, warning ? { warning } : {});
}
