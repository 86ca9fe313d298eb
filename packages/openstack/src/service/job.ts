import { Reason } from '@stackwright/api';
import { done, jobOwns, jobReads, runJob, type Outcome, type StepHandle } from '@stackwright/graph';
import type { Database, JobInputs, JobOptions, JobResult, ServiceObject } from './builder.js';
import { stepsOf, valueOf } from './container-options.js';
import type { Declaration } from './declaration.js';
import { kebab } from './names.js';
import { taskOf } from './task.js';

export function jobStep<R extends ServiceObject>(
  { g, release }: Declaration<R>,
  options: JobOptions<R>,
): StepHandle<JobResult> {
  const { name, config, database } = options;
  return g.step({
    name,
    after: [release, ...stepsOf(options), ...(database ? [database] : [])],
    owns: jobOwns,
    reads: jobReads,
    run(scope): Outcome<JobResult> {
      if (options.when && !options.when(scope)) return done({ job: undefined });
      const task = taskOf(scope, scope.output(release), options);
      if (task.state !== 'Done') return task;
      const { image, command, env, pod, labels, annotations } = task.output;
      const own = options.inputs === undefined ? undefined : valueOf(options.inputs, scope);
      const target = database && identityOf(scope.output(database));
      const inputs =
        own !== undefined && target !== undefined
          ? { own, target }
          : (own ?? target ?? (config && scope.output(config).hash));
      const purpose = kebab(name);
      const run = runJob(scope, { purpose, inputs: { image, command, env, inputs }, pod, labels, annotations });
      if (run.state === 'Done') return done({ job: run.output });
      return options.background ? inBackground(run) : run;
    },
  });
}

/** It runs, or has failed and is tried again: said, and no reason for the service not to be Ready. */
function inBackground(run: Outcome<string>): Outcome<JobResult> {
  const wait = run.state === 'Failed' ? run.retryAfter : run.after;
  return done(
    { job: undefined },
    {
      ...(wait === undefined ? {} : { after: wait }),
      ...(run.state === 'Failed' ? { warning: { reason: Reason.HousekeepingFailed, message: run.message } } : {}),
    },
  );
}

/** Not the user, who may be another one tomorrow. */
export function identityOf({ host, port, database, id }: Database): JobInputs {
  return { host, port, name: database, ...(id === undefined ? {} : { id }) };
}
