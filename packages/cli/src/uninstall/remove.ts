// Taking an installation away, so that each deletion ends: what stands on others first, the controllers last.
import { ApiError, isConflict, isNotFound, Namespace, type Client, type KubeObject } from '@stackwright/kube';
import { until } from '../cluster/wait.js';
import { CliError, exitCodes } from '../errors.js';
import { inventoryOf, objectsOf, type Found } from './inventory.js';

export interface Removing {
  client: Client;
  namespace: string;
  /** Let objects go without undoing what they made outside. */
  abandon: boolean;
  /** Aborted when it takes too long. */
  signal: AbortSignal;
  say: (line: string) => void;
}

export const nameOf = ({ resource, object }: Found): string => `${resource.kind} ${object.metadata?.name ?? ''}`;

/** One after the other: what is made outside Kubernetes is undone while that which it was made on is still there. */
export async function removeAll(removing: Removing): Promise<void> {
  const { client, namespace, signal, say } = removing;
  const { controlPlanes } = await inventoryOf(client, namespace, signal);
  // Their services go one after the other, and not all at once as with them.
  for (const one of controlPlanes) await remove(one, removing, 'Orphan');
  await gone(controlPlanes, removing);
  for (;;) {
    const { tiers } = await inventoryOf(client, namespace, signal);
    const [tier] = tiers;
    if (!tier) break;
    say(`Removing ${tier.map(nameOf).join(', ')}`);
    for (const one of tier) await remove(one, removing, 'Background');
    await gone(tier, removing);
  }
  // Claims go with those who made them.
  await gone(await objectsOf(client, namespace, signal), removing);
  const { controllers } = await inventoryOf(client, namespace, signal);
  if (controllers.length > 0) say('Removing the controllers');
  for (const one of controllers) await remove(one, { ...removing, abandon: false }, 'Background');
  await gone(controllers, { ...removing, abandon: false });
}

/** What keeps a namespace from ending: objects whose controllers went before them. */
export async function finishNamespace(removing: Removing): Promise<void> {
  const { client, namespace, signal, say } = removing;
  await until(
    async () => {
      for (const one of await objectsOf(client, namespace, signal)) {
        if (await letGo(one, removing)) say(`Let ${nameOf(one)} go without undoing what it made outside`);
      }
      return (await find(client, namespace, signal)) ? undefined : true;
    },
    { every: 500, signal },
  );
}

export async function removeNamespace({ client, namespace, signal }: Removing): Promise<void> {
  await client.delete(Namespace, { name: namespace }, { signal }).catch(unlessGone);
  await until(async () => ((await find(client, namespace, signal)) ? undefined : true), { every: 500, signal });
}

/** The namespace; undefined where there is none. */
export async function find(client: Client, name: string, signal: AbortSignal): Promise<KubeObject | undefined> {
  return client.get(Namespace, { name }, { signal }).catch(unlessGone);
}

async function remove(one: Found, removing: Removing, propagationPolicy: 'Background' | 'Orphan'): Promise<void> {
  const { client, signal } = removing;
  const { uid } = one.object.metadata ?? {};
  const preconditions = uid === undefined ? {} : { preconditions: { uid } };
  await client.delete(one.resource, keyOf(one), { propagationPolicy, signal, ...preconditions }).catch(unlessGone);
  if (removing.abandon && propagationPolicy !== 'Orphan') await letGo(one, removing);
}

/** Waits until none of them is there, by uid. */
async function gone(those: readonly Found[], removing: Removing): Promise<void> {
  const { client, signal } = removing;
  let left = [...those];
  try {
    await until(
      async () => {
        const there: Found[] = [];
        for (const one of left) {
          const object = await client.get(one.resource, keyOf(one), { signal }).catch(unlessGone);
          if (object && object.metadata?.uid === one.object.metadata?.uid) there.push({ ...one, object });
        }
        left = there;
        if (removing.abandon) for (const one of left) await letGo(one, removing);
        return left.length === 0 ? true : undefined;
      },
      { every: 300, signal },
    );
  } catch (error) {
    if (!signal.aborted || left.length === 0) throw error;
    throw new CliError(`Not gone yet: ${left.map(nameOf).join(', ')}.`, {
      cause: error,
      exitCode: exitCodes.timeout,
      hints: [
        ...left.flatMap(({ object }) => messagesOf(object)),
        'Where its controller does not run any more, or what it was made on is gone for good: the same command with --abandon.',
      ],
    });
  }
}

/** Takes our finalizers from an object that is being deleted. Whether there were any. */
async function letGo({ resource, object }: Found, { client, signal }: Removing): Promise<boolean> {
  const { finalizers = [], uid, resourceVersion, deletionTimestamp } = object.metadata ?? {};
  const others = finalizers.filter((finalizer) => !/(^|\.)stackwright\.dev\//.test(finalizer));
  if (deletionTimestamp === undefined || others.length === finalizers.length) return false;
  const body = { metadata: { uid, resourceVersion, finalizers: others } };
  try {
    await client.patch(resource, keyOf({ resource, object }), { type: 'merge', body }, { signal });
    return true;
  } catch (error) {
    // Somebody else has changed it: it is looked at again.
    if (error instanceof ApiError && (isNotFound(error) || isConflict(error))) return false;
    throw error;
  }
}

function messagesOf(object: KubeObject): string[] {
  const { conditions = [] } = (object as { status?: { conditions?: readonly { type: string; message?: string }[] } })
    .status ?? { conditions: [] };
  const message = conditions.find(({ type }) => type === 'Ready')?.message ?? '';
  return message === '' ? [] : [`${object.kind ?? ''} ${object.metadata?.name ?? ''}: ${message}`];
}

function keyOf({ resource, object }: Found) {
  const { name = '', namespace } = object.metadata ?? {};
  return resource.namespaced && namespace !== undefined ? { namespace, name } : { name };
}

function unlessGone(error: unknown): undefined {
  // Gone, or gone and made anew by somebody else.
  if (isNotFound(error) || isConflict(error)) return undefined;
  throw error;
}
