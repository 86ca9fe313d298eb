import type { StepHandle, StepScope } from '@stackwright/graph';
import type { Mount } from '../workload/mounts.js';
import type { Computed, ContainerOptions, ServiceObject } from './builder.js';

/** The value of an option that may be a function of what earlier steps gave. */
export function valueOf<R extends ServiceObject, T>(given: Computed<R, T>, scope: StepScope<R>): T {
  // A value that is itself a function cannot be given: none of the options is one.
  return typeof given === 'function' ? (given as (scope: StepScope<R>) => T)(scope) : given;
}

/** The steps that a container's options name. */
export function stepsOf<R extends ServiceObject>({
  config,
  volumes = [],
  after = [],
}: ContainerOptions<R>): StepHandle[] {
  return [...(config ? [config] : []), ...volumes, ...after];
}

/** What a container's options mount. */
export function mountsOf<R extends ServiceObject>(
  { config, volumes = [], mounts = [] }: ContainerOptions<R>,
  scope: StepScope<R>,
): Mount[] {
  return [
    ...(config ? scope.output(config).mounts : []),
    ...volumes.flatMap((volume) => scope.output(volume).mounts),
    ...valueOf(mounts, scope),
  ];
}
