import { Reason } from '@stackwright/api';
import { done, failed, runJob, type GraphBuilder, type Outcome, type StepHandle } from '@stackwright/core';
import { Job, Pod } from '@stackwright/kube';
import { servicePod } from '../workload/container.js';
import { jobResources } from '../workload/resources.js';
import type { Database, JobInputs, JobOptions, JobResult, Release, ServiceObject } from './builder.js';
import { credentialsAnnotation } from './credentials.js';
import { mountsOf, stepsOf, valueOf } from './given.js';

export function jobStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  release: StepHandle<Release>,
  options: JobOptions<R>,
): StepHandle<JobResult> {
  const { name, config, database } = options;
  const purpose = kebab(name);
  return g.step({
    name,
    after: [release, ...stepsOf(options), ...(database ? [database] : [])],
    owns: [Job],
    reads: [{ resource: Pod, parts: true }],
    run(scope): Outcome<JobResult> {
      if (options.when && !options.when(scope)) return done({ job: undefined });
      const { reference: image, user, commands, release: running } = scope.output(release);
      const command = options.command ? valueOf(options.command, scope) : commands[camel(name)];
      if (!command)
        return failed(Reason.UnsupportedRelease, `The catalog has no command "${camel(name)}" for release ${running}`);
      const settings = config ? scope.output(config) : undefined;
      const env = options.env ? valueOf(options.env, scope) : [];
      const inputs =
        options.inputs !== undefined
          ? valueOf(options.inputs, scope)
          : database
            ? identityOf(scope.output(database))
            : settings?.hash;
      const annotations = credentialsAnnotation(settings?.credentials);
      const pod = servicePod({
        name: purpose,
        image,
        user,
        command,
        env,
        mounts: mountsOf(options, scope),
        writable: options.writable ?? [],
        resources: jobResources,
      });
      const run = runJob(scope, { purpose, inputs: { image, command, env, inputs }, pod, annotations });
      if (run.state === 'Done') return done({ job: run.output });
      if (run.state === 'Failed' || !options.background) return run;
      return done({ job: undefined }, run.after === undefined ? {} : { after: run.after });
    },
  });
}

/** Not the user, who may be another one tomorrow. */
function identityOf({ host, port, database }: Database): JobInputs {
  return { host, port, name: database };
}

/** "DbSync" → "db-sync". */
function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

/** "DbSync" → "dbSync". */
function camel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
