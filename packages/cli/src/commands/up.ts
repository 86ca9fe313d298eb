import { publishedService, roles } from '@stackwright/api';
import { lastDaemon, runningDaemon } from '../cluster/daemon.js';
import { workspaceRoot } from '../cluster/paths.js';
import type { ClusterConnection } from '../cluster/connect.js';
import { CliError, exitCodes } from '../errors.js';
import { modules } from '../modules.js';
import type { Snapshot } from '../observe/snapshot.js';
import { Stages } from '../progress/stages.js';
import { openProgressView } from '../progress/view.js';
import { elapsed } from '../terminal/duration.js';
import { plainColors } from '../terminal/terminal.js';
import { awaitReady } from '../up/await-ready.js';
import { ensureCluster, expectSameKind } from '../up/cluster.js';
import { controllerTag, ensureImages, sayBuilt } from '../up/images.js';
import { ensureControlPlane, findControlPlane, installControllers } from '../up/install.js';
import { checkNames, choose, modulesOf, namesOf, publishedBy, select } from '../up/services.js';
import { catalogLines, showToken, tokenLines, type Shown } from '../up/token.js';
import { defaultNamespace, type CommandContext } from './context.js';
import { subjectOf, whyLines } from './why.js';

export interface UpOptions {
  simulated?: boolean;
  /** Milliseconds. */
  timeout: number;
  /** Names of the services that are wanted. Default: all that there are, or what the control plane names already. */
  services?: readonly string[];
}

export async function up(context: CommandContext, { simulated = false, timeout, services }: UpOptions): Promise<void> {
  const { paths, terminal } = context;
  const root = workspaceRoot();
  if (root === undefined) throw new CliError('`up` works from a clone only: it runs what is built there.');
  const namespace = context.options.namespace ?? defaultNamespace;
  const node = simulated ? 'simulated' : 'podman';
  expectSameKind(paths, node);
  const offers = publishedBy(modules);
  // What is wrong with the names is said before anything is built or started; a control plane may have what they lack.
  if (services) checkNames(offers, services);
  const wanted = services && !lastDaemon(paths) ? select(offers, services) : undefined;
  const expired = AbortSignal.timeout(timeout);
  const signal = AbortSignal.any([context.signal, expired]);
  const stages = new Stages();
  let last: Snapshot | undefined;
  let tag: string | undefined;
  let cluster: ClusterConnection | undefined;

  if (simulated) terminal.note('Simulated: Pods only pretend, and no OpenStack runs behind the API.');
  try {
    if (!simulated) {
      terminal.note('Images: building what is missing or has changed');
      const images = await stages.run('Images', () => ensureImages(terminal, signal, wanted && namesOf(wanted)));
      terminal.note(`Images: ${sayBuilt(images)}`);
      tag = controllerTag(images);
    }
    const view = openProgressView(terminal);
    try {
      view.stage(`Embedded cluster (${paths.stateDir})`);
      const node = simulated ? 'simulated' : 'podman';
      const connection = await stages.run('Embedded cluster', () =>
        ensureCluster(paths, { root, node, namespace, signal }),
      );
      cluster = connection;
      const { client } = connection;
      const there = await findControlPlane(client, { namespace, signal });
      const choice = choose(offers, there?.spec, services);
      const controllers = services ? modulesOf(modules, choice.names) : modules;
      view.stage('Controllers');
      await stages.run('Controllers', () =>
        installControllers(client, controllers, { root, namespace, signal, ...(tag === undefined ? {} : { tag }) }),
      );
      view.stage(`Control plane ${namespace}`);
      await stages.run('Control plane', async () => {
        await ensureControlPlane(client, { namespace, signal }, { ...choice, ...(there ? { there } : {}) });
        await awaitReady(client, { paths, namespace, view, signal, seen: (snapshot) => (last = snapshot) });
      });
      const identity = offers.find((one) => one.provides === roles.identity && choice.names.includes(one.service));
      let shown: Shown | undefined;
      if (identity) {
        view.stage('Token');
        const keystone = identity.service;
        shown = await stages.run('Token', () => showToken(client, { namespace, keystone, signal }));
      }
      view.close();
      terminal.note(['', 'Time of each stage:', ...stages.lines(), ''].join('\n'));
      if (shown) {
        const said = simulated ? 'The simulated Keystone issued a token (worth nothing):' : 'Keystone issued a token:';
        terminal.lines([said, ...tokenLines(shown), '', 'Catalog:', ...catalogLines(shown.token.catalog)]);
      }
      for (const note of choice.notes) terminal.note(`\n${note}`);
      terminal.data(nextCommands(context, { simulated, names: choice.names, identity: identity !== undefined }));
    } finally {
      view.close();
    }
  } catch (error) {
    if (!expired.aborted || context.signal.aborted) throw error;
    const hints = last?.controlPlane ? whyLines(last, subjectOf(last, undefined), plainColors) : [];
    const running = runningDaemon(paths)
      ? 'It goes on by itself; run the same command again to wait on.'
      : `The cluster's log: ${paths.log}`;
    throw new CliError(`Not ready after ${elapsed(timeout)}.`, {
      cause: error,
      exitCode: exitCodes.timeout,
      hints: [...hints, running],
    });
  } finally {
    cluster?.close();
  }
}

function nextCommands(
  { paths, options }: CommandContext,
  { simulated, names, identity }: { simulated: boolean; names: readonly string[]; identity: boolean },
): string {
  const { stateDir, namespace } = options;
  const stackwright = [
    'npx stackwright',
    ...(stateDir === undefined ? [] : ['--state-dir', stateDir]),
    ...(namespace === undefined ? [] : ['-n', namespace]),
  ].join(' ');
  const kinds = modules.flatMap(({ customResources }) =>
    customResources.filter(({ definition }) => {
      const published = publishedService(definition);
      return published !== undefined && names.includes(published.service);
    }),
  );
  const client = [`${stackwright} openstack -- token issue`, `${stackwright} openstack -- catalog list`];
  const commands = [
    `export KUBECONFIG=${paths.kubeconfig}`,
    `kubectl get ${['controlplanes', ...kinds.map(({ plural }) => plural), 'deployments', 'pods'].join(',')}`,
    ...(identity && !simulated ? client : []),
    `${stackwright} status`,
    ...names.slice(-1).map((name) => `${stackwright} why ${name}`),
    `${stackwright} down`,
  ];
  return ['', 'Next:', ...commands.map((command) => `  ${command}`)].join('\n');
}
