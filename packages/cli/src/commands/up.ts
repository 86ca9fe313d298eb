import { runningDaemon } from '../cluster/daemon.js';
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
import { ensureImages } from '../up/images.js';
import { ensureControlPlane, installControllers } from '../up/install.js';
import { showToken, tokenLines } from '../up/token.js';
import { defaultNamespace, type CommandContext } from './context.js';
import { subjectOf, whyLines } from './why.js';

export interface UpOptions {
  simulated?: boolean;
  /** Milliseconds. */
  timeout: number;
}

export async function up(context: CommandContext, { simulated = false, timeout }: UpOptions): Promise<void> {
  const { paths, terminal } = context;
  const root = workspaceRoot();
  if (root === undefined) throw new CliError('`up` works from a clone only: it runs what is built there.');
  const namespace = context.options.namespace ?? defaultNamespace;
  const node = simulated ? 'simulated' : 'podman';
  expectSameKind(paths, node);
  const expired = AbortSignal.timeout(timeout);
  const signal = AbortSignal.any([context.signal, expired]);
  const stages = new Stages();
  let last: Snapshot | undefined;
  let cluster: ClusterConnection | undefined;

  if (simulated) terminal.note('Simulated: Pods only pretend, and no OpenStack runs behind the API.');
  try {
    if (!simulated) {
      terminal.note('Images: building what is missing or has changed');
      const images = await stages.run('Images', () => ensureImages(terminal, signal));
      terminal.note(`Images: ${images}`);
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
      view.stage('Controllers');
      await stages.run('Controllers', () => installControllers(client, modules, { root, namespace, signal }));
      view.stage(`Control plane ${namespace}`);
      await stages.run('Control plane', async () => {
        await ensureControlPlane(client, { namespace, signal });
        await awaitReady(client, { paths, namespace, view, signal, seen: (snapshot) => (last = snapshot) });
      });
      view.stage('Token');
      const shown = await stages.run('Token', () => showToken(client, namespace, signal));
      view.close();
      terminal.note(['', 'Time of each stage:', ...stages.lines(), ''].join('\n'));
      terminal.data(
        [
          simulated ? 'The simulated Keystone issued a token (worth nothing):' : 'Keystone issued a token:',
          ...tokenLines(shown),
        ].join('\n'),
      );
      terminal.data(nextCommands(context, simulated));
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

function nextCommands({ paths, options }: CommandContext, simulated: boolean): string {
  const { stateDir, namespace } = options;
  const stackwright = [
    'npx stackwright',
    ...(stateDir === undefined ? [] : ['--state-dir', stateDir]),
    ...(namespace === undefined ? [] : ['-n', namespace]),
  ].join(' ');
  const commands = [
    `export KUBECONFIG=${paths.kubeconfig}`,
    'kubectl get controlplanes,keystones,mariadbs,memcacheds,deployments,pods',
    ...(simulated ? [] : [`${stackwright} openstack -- token issue`, `${stackwright} openstack -- catalog list`]),
    `${stackwright} status`,
    `${stackwright} why keystone`,
    `${stackwright} down`,
  ];
  return ['', 'Next:', ...commands.map((command) => `  ${command}`)].join('\n');
}
