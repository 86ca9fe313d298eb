// The command line: names, options, help. What the commands do is in commands/.
import { Command, InvalidArgumentError, Option } from 'commander';
import { imagePrefix } from '@stackwright/openstack';
import manifest from '../package.json' with { type: 'json' };
import { contextOf, defaultNamespace, type CommandContext, type GlobalOptions } from './commands/context.js';
import { downAll } from './commands/down-all.js';
import { down } from './commands/down.js';
import { env } from './commands/env.js';
import { pushImages, saveImages } from './commands/images.js';
import { imagesOutdated, imagesSbom } from './commands/look-at-images.js';
import { manifests } from './commands/manifests.js';
import { openstack } from './commands/openstack.js';
import { plan, type PlanOptions } from './commands/plan.js';
import { status } from './commands/status.js';
import { uninstall, type UninstallOptions } from './commands/uninstall.js';
import { up } from './commands/up.js';
import { why } from './commands/why.js';
import { modules } from './modules.js';
import { parseDuration } from './terminal/duration.js';
import { createTerminal, plainText } from './terminal/terminal.js';

interface DownOptions {
  purge?: boolean;
  all?: boolean;
  yes?: boolean;
}

interface ManifestsArguments {
  service?: string[];
  imagePrefix: string;
  controllerTag?: string;
}

export interface ProgramOptions {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  signal: AbortSignal;
  /** Told what the command's process shall end with, where that is not 0. */
  setExitCode: (code: number) => void;
}

export function createProgram({ stdout, stderr, signal, setExitCode }: ProgramOptions): Command {
  const program = new Command('stackwright')
    .description('OpenStack on Kubernetes, run by small controllers.')
    .version(manifest.version)
    .option('--state-dir <directory>', "the embedded cluster's state (default: .stackwright in the clone, else here)")
    .option('--kubeconfig <file>', 'the cluster to look at (default: $KUBECONFIG, else the embedded cluster)')
    .option('-n, --namespace <name>', `the control plane's namespace (default: "${defaultNamespace}")`)
    .option('--no-color', 'plain output; also with NO_COLOR set')
    .addHelpText('after', '\nExit codes: 0 ok, 1 error, 2 not ready (status) or changes (plan), 3 time-out.')
    .showHelpAfterError("(stackwright --help names all commands and options. `describe` and `explain` are kubectl's.)")
    .configureOutput({
      writeOut: (text) => stdout.write(plainText(text)),
      writeErr: (text) => stderr.write(plainText(text)),
    });

  const output = () => new Option('-o, --output <format>', 'for programs').choices(['json']);
  const context = (): CommandContext => {
    const options = program.opts<GlobalOptions>();
    return contextOf(createTerminal(stdout, stderr, { color: options.color }), options, signal);
  };

  program
    .command('up')
    .description('start the embedded cluster and a control plane on it, and wait until it is ready; safe to repeat')
    .option('--simulated', 'Pods only pretend: no containers, no root')
    .addOption(
      new Option(
        '--services <names>',
        'only these, separated by commas, and the infrastructure that they need; a control plane that is there gets what it lacks of them, and loses nothing (default: all)',
      ).argParser(names),
    )
    .addOption(
      new Option('--timeout <duration>', 'give up after this long, for instance 90s or 1h30m')
        .argParser(duration)
        .default(20 * 60_000, '20m'),
    )
    .action(async (options: { simulated?: boolean; timeout: number; services?: string[] }) => {
      await up(context(), options);
    });

  program
    .command('down')
    .description('stop the embedded cluster and its containers; state and volumes are kept')
    .option('--purge', 'remove state and volumes as well')
    .option('--all', 'list all embedded clusters of this machine, those whose state is gone among them')
    .option('--yes', 'with --all: remove what is left of those whose state is gone')
    .argument('[clusters...]', 'with --all: stop and remove these, by id or state directory; their state is kept')
    .action(async (clusters: string[], options: DownOptions) => {
      if (options.all) setExitCode(await downAll(context(), clusters, options));
      else await down(context(), options);
    });

  program
    .command('status')
    .description('how the control plane and its services are')
    .addOption(output())
    .action(async (options: { output?: 'json' }) => {
      setExitCode(await status(context(), options));
    });

  program
    .command('why')
    .description('why something is not ready: the chain to the root cause, and what helps')
    .argument('[object]', 'a service or a claim by its name, or Kind/name (default: the control plane)')
    .addOption(output())
    .action(async (service: string | undefined, options: { output?: 'json' }) => {
      await why(context(), service, options);
    });

  program
    .command('plan')
    .description('what the controllers would change, and why, without changing anything')
    .argument('[object]', '"keystone" or "Keystone/keystone"; default: what the file holds, else all of the namespace')
    .option('-f, --file <file>', 'as if these objects were applied (their specs as a whole); "-" reads stdin')
    .option('--delete', 'as if the object were deleted: what goes with it, and what stays')
    .option(
      '--observe',
      'look at what is outside Kubernetes too (SQL, APIs), from this machine, without changing it (default)',
    )
    .option('--no-observe', 'look at nothing outside Kubernetes')
    .option('--confirm', 'ask the API server whether it would take each write, with dryRun=All (default)')
    .option('--no-confirm', 'work out what the API server would say, without asking it')
    .addOption(
      new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json', 'yaml']).default('text'),
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 nothing would change, 1 something would be refused or fail, 2 something would change.
Marks: + create, ~ change, - delete, = give up, * outside Kubernetes. In brackets: who owns a field now.
Contents of Secrets and passwords are never shown. What depends on what has not happened yet is said to be unknown.`,
    )
    .action(async (object: string | undefined, options: PlanOptions) => {
      setExitCode(await plan(context(), object, options));
    });

  program
    .command('uninstall')
    .description(
      'take the control plane and the controllers out of the namespace, in an order in which each deletion ends',
    )
    .option('--yes', 'do it; without this, what would be done is said')
    .option('--delete-namespace', 'the namespace too, with the data that is kept otherwise')
    .option('--crds', 'the kinds too, where no namespace has objects of them')
    .option('--abandon', 'let objects go without undoing what they made outside Kubernetes (databases, users)')
    .addOption(
      new Option('--timeout <duration>', 'give up after this long, for instance 90s or 1h30m')
        .argParser(duration)
        .default(10 * 60_000, '10m'),
    )
    .addHelpText(
      'after',
      `
A namespace that is being deleted already, and does not end, is finished: with --yes, what keeps it is let go.
Exit codes: 0 done, 2 something would be done, 3 time-out.`,
    )
    .action(async (options: UninstallOptions) => {
      setExitCode(await uninstall(context(), options));
    });

  program
    .command('env')
    .description('shell exports for kubectl and the OpenStack client: eval "$(stackwright env)"')
    .action(async () => {
      await env(context());
    });

  program
    .command('manifests')
    .description('print the CRDs and controllers as YAML for kubectl apply, for any Kubernetes from 1.30 on')
    .option('--service <name...>', 'only these controllers')
    .option(
      '--image-prefix <prefix>',
      "registry and path of all images, the controllers' and those they run",
      imagePrefix(),
    )
    .option('--controller-tag <tag>', "tag of the controllers' image, as `stackwright images push` says it")
    .action(({ service, imagePrefix: prefix, controllerTag }: ManifestsArguments) => {
      const { terminal, options } = context();
      if (controllerTag === undefined) {
        terminal.note(
          `No --controller-tag: the Pods will ask for ${prefix}/controller:${manifest.version}, and what is built here has the hash of its ` +
            'content in its tag. `stackwright images push` and `images save` print this command with it.',
        );
      }
      manifests(terminal, modules, service ?? [], {
        namespace: options.namespace ?? defaultNamespace,
        imagePrefix: prefix,
        tag: controllerTag ?? manifest.version,
      });
    });

  const images = program
    .command('images')
    .description("the controllers' and the services' container images, for a Kubernetes of your own");
  images
    .command('push')
    .description('build the images here (as root) and push them to a registry')
    .argument('<prefix>', 'registry and path: registry.example.org/stackwright')
    .action(async (prefix: string) => {
      await pushImages(context(), prefix);
    });
  images
    .command('save')
    .description('build the images here (as root) and write them into one archive, to be loaded into the nodes')
    .argument('<file>', 'for instance images.tar')
    .option('--image-prefix <prefix>', 'what their names begin with', imagePrefix())
    .action(async (file: string, { imagePrefix: prefix }: { imagePrefix: string }) => {
      await saveImages(context(), file, prefix);
    });
  images
    .command('sbom')
    .description(
      'write what the images here are made of (as root): a CycloneDX file each, with the controllers and their npm packages',
    )
    .argument('[images...]', 'for instance keystone (default: all that are built)')
    .option('-d, --directory <directory>', 'where to', 'sbom')
    .action(async (names: string[], options: { directory: string }) => {
      await imagesSbom(context(), names, options);
    });
  images
    .command('outdated')
    .description(
      'which packages of the images here have a newer version in Debian, and in its security suite (as root)',
    )
    .argument('[images...]', 'for instance keystone (default: all that are built)')
    .addOption(output())
    .addHelpText('after', '\nExit codes: 0 nothing is newer, 2 something is.')
    .action(async (names: string[], options: { output?: 'json' }) => {
      setExitCode(await imagesOutdated(context(), names, options));
    });

  program
    .command('openstack')
    .description('run the OpenStack client in the cluster as administrator: stackwright openstack -- token issue')
    .argument('<args...>', 'what the client is given')
    .option('--keystone <name>', 'the Keystone to speak to', 'keystone')
    .option('--image <image>', 'image that has the client (default: the one that Keystone runs from)')
    .action(async (args: string[], options: { keystone: string; image?: string }) => {
      setExitCode(await openstack(context(), args, options));
    });

  return program;
}

function names(text: string, before: string[] = []): string[] {
  const given = text.split(',').map((name) => name.trim());
  if (given.includes('')) throw new InvalidArgumentError('It is a list such as keystone,glance.');
  return [...new Set([...before, ...given])];
}

function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('It is not a duration such as 90s, 20m or 1h30m.');
  return milliseconds;
}
