// What the bench needs on the cluster: its kind and a namespace. Both are its own, and go when it ends.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  crdOf,
  CustomResourceDefinition,
  isAlreadyExists,
  isNotFound,
  Namespace,
  type Client,
  type KubeObject,
} from '@stackwright/kube';
import { Widget } from './variants/shared/resource.js';
import { group, plural } from './variants/shared/widget.js';

const definition = `${plural}.${group}`;

export async function prepare(client: Client, namespace: string): Promise<void> {
  try {
    await client.create<KubeObject>(CustomResourceDefinition, crdOf(Widget));
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  await until('the kind is served', async () => {
    await client.list(Widget, { limit: 1 });
  });
  await client.create(Namespace, { metadata: { name: namespace } });
}

/** Resolves when all of it is gone. */
export async function cleanUp(client: Client, namespace: string): Promise<void> {
  await client.delete(Namespace, { name: namespace });
  await until('the namespace is gone', async () => {
    if (!(await isGone(() => client.get(Namespace, { name: namespace })))) throw new Error('it is there still');
  });
  await isGone(() => client.delete(CustomResourceDefinition, { name: definition }));
}

async function isGone(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return false;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return true;
  }
}

async function until(what: string, attempt: () => Promise<void>, timeout = 300_000): Promise<void> {
  const end = performance.now() + timeout;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > end) throw new Error(`waited in vain until ${what}`, { cause: error });
      await sleep(200);
    }
  }
}
