import type { ObjectKey } from '@stackwright/kube';
import { isAlreadyExists } from '@stackwright/kube';
import type { Context } from './context.js';
import { Loop } from './loop.js';

const ROOT_CA = 'kube-root-ca.crt';

/** What every namespace has: ServiceAccount `default`, and the ConfigMap with the API server's certificate authority. */
export function namespaceDefaultsController({ stores, clock, log }: Context, certificateAuthority: string): Loop {
  const { namespaces, serviceAccounts, configMaps } = stores;
  const loop = new Loop({ name: 'namespace-defaults', reconcile, clock, log });

  namespaces.onChange(({ object }) => loop.add(object));
  serviceAccounts.onChange(({ object }) => {
    if (object.metadata.name === 'default') loop.add({ name: object.metadata.namespace });
  });
  configMaps.onChange(({ object }) => {
    if (object.metadata.name === ROOT_CA) loop.add({ name: object.metadata.namespace });
  });
  return loop;

  async function reconcile({ name: namespace }: ObjectKey): Promise<void> {
    const owner = namespaces.get({ name: namespace });
    if (!owner || owner.metadata.deletionTimestamp || owner.status?.phase === 'Terminating') return;
    if (!serviceAccounts.get({ namespace, name: 'default' })) {
      await unlessThere(
        serviceAccounts.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }),
      );
    }
    const data = { 'ca.crt': certificateAuthority };
    const published = configMaps.get({ namespace, name: ROOT_CA });
    if (!published) {
      await unlessThere(
        configMaps.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: ROOT_CA, namespace }, data }),
      );
    } else if (published.data?.['ca.crt'] !== certificateAuthority) {
      await configMaps.update({ ...published, data });
    }
  }
}

async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
