// The Pods of a workload that a service keeps running, an API or a worker: what both have in common.
import { annotations, Reason, type Resources } from '@stackwright/api';
import { done, failed, hashOf, type Container, type Outcome, type StepScope } from '@stackwright/graph';
import type { Deployment } from '@stackwright/kube';
import { servicePod, writableMounts } from '../workload/container.js';
import { clashOf, type Mount } from '../workload/mounts.js';
import { podTemplate, type PodTemplate } from '../workload/pod-template.js';
import { resourcesOf } from '../workload/resources.js';
import { schedulingOf, type SchedulingSpec } from '../workload/scheduling.js';
import type { ContainerOptions, Release, ServiceObject } from './builder.js';
import { mountsOf, valueOf } from './container-options.js';
import { credentialsAnnotation, userIdsAnnotation } from './credentials.js';

export interface WorkloadPods {
  /** "api", "engine". */
  component: string;
  /** Labels by which the workload knows its Pods. */
  selector: Record<string, string>;
  command: readonly string[];
  /** Besides those of the options. */
  mounts?: readonly Mount[];
  /** The service's own, and over them what the object says. */
  resources: readonly [Resources, Resources | undefined];
  scheduling: SchedulingSpec;
  terminationGracePeriodSeconds: number;
  /** Ports, probes, lifecycle. */
  container?: Partial<Container>;
}

/** Failed where two things are to be mounted in one place. */
export function workloadPods<R extends ServiceObject>(
  scope: StepScope<R>,
  { reference: image, user }: Release,
  options: ContainerOptions<R>,
  pods: WorkloadPods,
): Outcome<PodTemplate> {
  const { config, volumes = [], writable = [] } = options;
  const { component, selector, command, resources, terminationGracePeriodSeconds, container } = pods;
  const mounts = [...mountsOf(options, scope), ...(pods.mounts ?? [])];
  const clash = clashOf([...mounts, ...writableMounts(writable)]);
  if (clash !== undefined) return failed(Reason.InvalidSpec, clash);
  const settings = config ? scope.output(config) : undefined;
  const changing = volumes.flatMap((volume) => scope.output(volume).hash ?? []);
  const [ours, theirs] = resources;
  const pod = servicePod({
    name: component,
    image,
    user,
    command,
    env: [...(settings?.env ?? []), ...(options.env ? valueOf(options.env, scope) : [])],
    mounts,
    writable,
    resources: resourcesOf(ours, theirs),
    scheduling: schedulingOf(pods.scheduling, selector),
    ...(container ? { container } : {}),
  });
  const template = podTemplate(scope.object.spec, {
    labels: selector,
    // What is ours has another name with other content; what users mount may not, and takes new Pods, too.
    annotations: {
      ...(changing.length > 0 ? { [annotations.configHash]: hashOf(changing) } : {}),
      ...credentialsAnnotation(settings?.credentials),
      ...userIdsAnnotation(settings?.userIds),
    },
    pod: { ...pod, terminationGracePeriodSeconds },
  });
  return done(template);
}

/**
 * There are ready Pods at any moment of a rollout; but the new Pod may come to another node than the old one, and would wait there
 * for ever for a volume that is only on one node at a time.
 */
export function strategyFor<R extends ServiceObject>(
  scope: StepScope<R>,
  { volumes = [] }: Pick<ContainerOptions<R>, 'volumes'>,
): NonNullable<NonNullable<Deployment['spec']>['strategy']> {
  return volumes.every((volume) => scope.output(volume).isShared)
    ? { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
    : { type: 'Recreate' };
}
