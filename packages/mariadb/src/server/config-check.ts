// Options of the user are shown to the server of the image before its configuration has them: one that it does not know, or a value
// that it does not take, would keep it from starting, and the one that runs would be gone by then.
import { readFileSync } from 'node:fs';
import { Reason, type ServerConfig } from '@stackwright/api';
import {
  done,
  failed,
  forgetJobs,
  jobOwns,
  jobReads,
  restricted,
  runJob,
  type GraphBuilder,
  type Outcome,
  type StepHandle,
} from '@stackwright/graph';
import { imageOf, jobResources, podTemplate, resourcesOf, schedulingOf } from '@stackwright/openstack';
import { catalog } from '../catalog.js';
import type { MariaDB } from '../crd.js';

const purpose = 'config-check';

/** Of the program: the server refuses an option. */
const refusedExitCode = 65;

const program = readFileSync(new URL('./config-check.sh', import.meta.url), 'utf8');

export const checkOwns = jobOwns;

/** Step 'ConfigCheck': Done at once where the user sets nothing. */
export function configCheckStep(g: GraphBuilder<MariaDB>): StepHandle {
  return g.step({
    name: 'ConfigCheck',
    owns: jobOwns,
    reads: jobReads,
    run(scope): Outcome<undefined> {
      const { spec } = scope.object;
      const options = argumentsOf(spec.config);
      if (options.length === 0) {
        forgetJobs(scope, purpose);
        return done();
      }
      const image = imageOf(catalog.image, spec.image);
      const container = {
        name: purpose,
        image,
        command: ['sh', '-c', program, purpose, String(refusedExitCode), ...options],
        resources: resourcesOf(jobResources),
      };
      const pod = restricted({ containers: [container], ...schedulingOf(spec) }, catalog.user);
      const template = podTemplate(spec, { labels: {}, pod });
      const run = runJob(scope, {
        purpose,
        inputs: { image, options, program },
        pod: template.spec,
        ...template.metadata,
        finalExitCode: refusedExitCode,
      });
      if (run.state === 'Done') return done();
      if (run.state !== 'Failed' || run.reason !== Reason.JobFailed) return run;
      return failed(Reason.InvalidConfig, `spec.config: ${run.message}`, run.on ? { on: run.on } : {});
    },
  });
}

/** What is no option at all is refused where the configuration is made, and by name. */
function argumentsOf(config: ServerConfig = {}): string[] {
  return Object.entries(config)
    .filter(([name]) => /^[A-Za-z0-9][-A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) => `--${name}=${String(value)}`)
    .sort();
}
