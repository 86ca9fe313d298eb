import { CustomResourceDefinition } from '@stackwright/kube';
import { CliError, exitCodes } from '../errors.js';
import { isOurGroup } from '../observe/objects.js';
import { ourResources } from '../observe/take-snapshot.js';
import { inventoryOf, type Inventory } from '../uninstall/inventory.js';
import { find, finishNamespace, nameOf, removeAll, removeNamespace, type Removing } from '../uninstall/remove.js';
import { withCluster, type CommandContext } from './context.js';

export interface UninstallOptions {
  /** Without it, nothing is done but said. */
  yes?: boolean;
  abandon?: boolean;
  deleteNamespace?: boolean;
  crds?: boolean;
  /** Milliseconds. */
  timeout: number;
}

/** Resolves with the exit code: 2 where something would go, and nobody has said so yet. */
export async function uninstall(context: CommandContext, options: UninstallOptions): Promise<number> {
  const { yes = false, abandon = false, deleteNamespace = false, crds = false, timeout } = options;
  return withCluster(context, async ({ client }, namespace) => {
    const { terminal } = context;
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeout)]);
    const removing: Removing = { client, namespace, abandon, signal, say: (line) => terminal.note(line) };
    const there = await find(client, namespace, signal);
    if (!there) {
      terminal.note(`There is no namespace ${namespace}.`);
      return exitCodes.ok;
    }
    const isEnding = there.metadata?.deletionTimestamp !== undefined;
    if (!yes) {
      terminal.lines(planOf(namespace, await inventoryOf(client, namespace, signal), { isEnding, ...options }));
      return exitCodes.changes;
    }
    if (isEnding) {
      await finishNamespace(removing);
      terminal.note(`The namespace ${namespace} is gone.`);
      return exitCodes.ok;
    }
    await removeAll(removing);
    if (deleteNamespace) await removeNamespace(removing);
    if (crds) await removeKinds(removing);
    terminal.note(
      deleteNamespace
        ? `The namespace ${namespace} is gone, and all data in it.`
        : `Nothing of Stackwright runs in ${namespace} any more. Volumes and passwords that were to be kept are there.`,
    );
    return exitCodes.ok;
  });
}

function planOf(
  namespace: string,
  { controlPlanes, tiers, controllers, kept }: Inventory,
  { isEnding, deleteNamespace = false }: UninstallOptions & { isEnding: boolean },
): string[] {
  const services = tiers.flat().map(nameOf);
  const again = 'Nothing has been done. To do it: the same command with --yes.';
  if (isEnding) {
    return [
      `The namespace ${namespace} is being deleted, and all data in it.`,
      ...services.map((name) => `  let go, without undoing what it made outside: ${name}`),
      '',
      again,
    ];
  }
  const data = kept.map(nameOf);
  return [
    `In the namespace ${namespace}, one after the other:`,
    ...[...controlPlanes.map(nameOf), ...services].map((name) => `  - ${name}`),
    ...(controllers.length > 0 ? [`  - the controllers (${controllers.length} objects)`] : []),
    ...data.map((name) => (deleteNamespace ? `  - ${name}, with the namespace` : `  = ${name} stays`)),
    'Where the deletionPolicy of an object is Delete, its data goes with it.',
    '',
    again,
  ];
}

/** Only where nobody uses them: with a kind go all of its objects, everywhere. */
async function removeKinds({ client, signal, say }: Removing): Promise<void> {
  for (const resource of await ourResources(client, signal)) {
    const { items } = await client.listAll(resource, { signal });
    const [used] = items;
    if (used) {
      throw new CliError(
        `The kinds stay: ${resource.kind} ${used.metadata?.name ?? ''} is in namespace ${used.metadata?.namespace ?? ''}.`,
      );
    }
  }
  const { items } = await client.listAll(CustomResourceDefinition, { signal });
  for (const { metadata, spec } of items) {
    if (!isOurGroup(spec.group)) continue;
    say(`Removing the kind ${spec.names.kind}`);
    await client.delete(CustomResourceDefinition, { name: metadata?.name ?? '' }, { signal });
  }
}
