// Options of the user are shown to the server of the image before its configuration has them: one that it does not know, or a value
// that it does not take, would keep it from starting, and the one that runs would be gone by then.
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
import { imageOf } from '../catalog/image.js';
import type { ServerCatalog } from '../catalog/catalog.js';
import { podTemplate } from './pod-template.js';
import { jobResources, resourcesOf } from './resources.js';
import { schedulingOf } from './scheduling.js';
import type { ServerObject } from './server.js';

const purpose = 'config-check';

/** Of the program: the server refuses an option. */
const refusedExitCode = 65;

/** What a step declares in `owns` that comes with this one. */
export const configCheckOwns = jobOwns;

interface ConfiguredServer extends ServerObject {
  spec: ServerObject['spec'] & { config?: ServerConfig };
}

export interface ServerConfigCheck {
  catalog: ServerCatalog;
  /**
   * For sh: ends with 0 where the server takes the options. Its arguments are the exit code for when it does not, having printed
   * why; a directory that it may write to; and the options.
   */
  program: string;
  /** An option as the program takes it. */
  option: (name: string, value: string) => string;
}

/** Step 'ConfigCheck': Done at once where the user sets nothing. */
export function configCheckStep<R extends ConfiguredServer>(
  g: GraphBuilder<R>,
  { catalog, program, option }: ServerConfigCheck,
): StepHandle {
  return g.step({
    name: 'ConfigCheck',
    owns: jobOwns,
    reads: jobReads,
    run(scope): Outcome<undefined> {
      const { spec } = scope.object;
      const options = optionsOf(spec.config, option);
      if (options.length === 0) {
        forgetJobs(scope, purpose);
        return done();
      }
      const image = imageOf(catalog.image, spec.image);
      const container = {
        name: purpose,
        image,
        command: ['sh', '-c', program, purpose, String(refusedExitCode), '/tmp', ...options],
        resources: resourcesOf(jobResources),
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      };
      const volumes = [{ name: 'tmp', emptyDir: {} }];
      const pod = restricted({ containers: [container], volumes, ...schedulingOf(spec) }, catalog.user);
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
function optionsOf(config: ServerConfig = {}, option: ServerConfigCheck['option']): string[] {
  return Object.entries(config)
    .map(([name, value]) => [name, String(value)] as const)
    .filter(([name, value]) => /^[A-Za-z0-9][-A-Za-z0-9_.]*$/.test(name) && !/[\n\r\0]/.test(value))
    .map(([name, value]) => option(name, value))
    .sort();
}
