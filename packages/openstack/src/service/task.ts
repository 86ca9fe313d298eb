// What Jobs and CronJobs of a service run: a command in the service's own container.
import { Reason } from '@stackwright/api';
import { done, failed, type Outcome, type PodSpec, type StepScope } from '@stackwright/graph';
import { servicePod, writableMounts, type EnvVar } from '../workload/container.js';
import { clashOf } from '../workload/mounts.js';
import { podTemplate } from '../workload/pod-template.js';
import { jobResources } from '../workload/resources.js';
import { schedulingOf } from '../workload/scheduling.js';
import type { Computed, ContainerOptions, Release, ServiceObject } from './builder.js';
import { credentialsAnnotation } from './credentials.js';
import { mountsOf, valueOf } from './container-options.js';
import { camel, kebab } from './names.js';

export interface TaskOptions<R extends ServiceObject> extends ContainerOptions<R> {
  name: string;
  command?: Computed<R, readonly string[]>;
}

export interface Task {
  image: string;
  command: readonly string[];
  env: readonly EnvVar[];
  pod: PodSpec;
  /** Of its Pods. */
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export function taskOf<R extends ServiceObject>(
  scope: StepScope<R>,
  { reference: image, user, commands, release }: Release,
  options: TaskOptions<R>,
): Outcome<Task> {
  const { name, config, writable = [] } = options;
  const command = options.command ? valueOf(options.command, scope) : commands[camel(name)];
  if (!command)
    return failed(Reason.UnsupportedRelease, `The catalog has no command "${camel(name)}" for release ${release}`);
  const env = options.env ? valueOf(options.env, scope) : [];
  const mounts = mountsOf(options, scope);
  const clash = clashOf([...mounts, ...writableMounts(writable)]);
  if (clash !== undefined) return failed(Reason.InvalidSpec, clash);
  const pod = servicePod({
    name: kebab(name),
    image,
    user,
    command,
    env: [...(config ? scope.output(config).env : []), ...env],
    mounts,
    writable,
    resources: jobResources,
    scheduling: schedulingOf(scope.object.spec),
  });
  const annotations = credentialsAnnotation(config && scope.output(config).credentials);
  const { metadata, spec } = podTemplate(scope.object.spec, { labels: {}, annotations, pod });
  return done({ image, command, env, pod: spec, labels: metadata.labels, annotations: metadata.annotations ?? {} });
}
