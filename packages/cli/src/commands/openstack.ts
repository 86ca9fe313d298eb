import { Keystone } from '@stackwright/keystone';
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
    const keystone = await keystoneNamed(client, { namespace, name: options.keystone });
    const { metadata } = await client.create(
      Pod,
      clientPod({
        namespace,
        ...imageFor(keystone, options.image),
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

async function keystoneNamed(client: Client, key: { namespace: string; name: string }): Promise<Keystone> {
  try {
    return await client.get(Keystone, key);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new CliError(`There is no Keystone ${key.name} in namespace ${key.namespace}.`, {
      hints: ['Name another one with --keystone or --namespace; `stackwright status` says what there is.'],
      cause: error,
    });
  }
}

/** The client is in the service's image, and the nodes have that one from where its Pods have it: this machine need not know. */
export function imageFor(
  {
    spec,
    status,
    metadata,
  }: Pick<Keystone, 'status' | 'metadata'> & {
    spec: Pick<Keystone['spec'], 'image' | 'imagePullSecrets'>;
  },
  given: string | undefined,
): { image: string; imagePullSecrets?: readonly { name: string }[] } {
  const image = given ?? status?.image ?? spec.image;
  if (image === undefined) {
    const name = metadata?.name ?? 'keystone';
    throw new CliError(`No controller has chosen an image for Keystone ${name} yet.`, {
      hints: [`stackwright why ${name}`],
    });
  }
  return { image, ...(spec.imagePullSecrets ? { imagePullSecrets: spec.imagePullSecrets } : {}) };
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
