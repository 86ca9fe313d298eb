import { imagePrefix } from '@stackwright/openstack';
import { Node, Pod, isNotFound, pathOf, type Client } from '@stackwright/kube';
import { CliError } from '../errors.js';
import { stateOfPod } from '@stackwright/graph';
import { until } from '../cluster/wait.js';
import { clientContainer, clientPod } from '../openstack/client-pod.js';
import { withCluster, type CommandContext } from './context.js';

export interface OpenstackOptions {
  /** Name of the Keystone to speak to. */
  keystone: string;
  image?: string;
}

/** Runs the OpenStack client with `args` as a Pod, prints what it printed and resolves with its exit code. */
export async function openstack(
  context: CommandContext,
  args: readonly string[],
  options: OpenstackOptions,
): Promise<number> {
  return withCluster(context, async ({ client }, namespace) => {
    await refuseSimulated(client);
    const { metadata } = await client.create(
      Pod,
      clientPod({
        namespace,
        image: options.image ?? `${imagePrefix()}/keystone:2025.1`,
        secret: `${options.keystone}-admin`,
        cloud: namespace,
        args,
      }),
    );
    const key = { namespace, name: metadata?.name ?? '' };
    try {
      const pod = await finished(client, key, context.signal);
      const log = await client.raw('GET', `${pathOf(Pod, key, 'log')}?container=${clientContainer}`);
      const text = log.trimEnd();
      if (text !== '') context.terminal.data(text);
      return pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode ?? 1;
    } finally {
      await client.delete(Pod, key, { gracePeriodSeconds: 0 }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  });
}

async function finished(client: Client, key: { namespace: string; name: string }, signal: AbortSignal): Promise<Pod> {
  return until(
    async () => {
      const pod = await client.get(Pod, key, { signal });
      if (pod.status?.containerStatuses?.[0]?.state?.terminated) return pod;
      const { state, message } = stateOfPod(pod);
      if (state === 'Failed') throw new CliError(`The OpenStack client cannot run: ${message}`);
      return undefined;
    },
    { every: 200, signal },
  );
}

async function refuseSimulated(client: Client): Promise<void> {
  const { items } = await client.listAll(Node);
  if (items.some(({ metadata }) => metadata?.labels?.['stackwright.dev/node'] === 'simulated')) {
    throw new CliError('This cluster is simulated: there is no OpenStack behind it for the client to speak to.', {
      hints: ['Run real containers with `npm start` (without --simulated).'],
    });
  }
}
