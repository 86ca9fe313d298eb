import { FakeClient } from '@stackwright/core/testing';
import {
  apiVersionOf,
  CustomResourceDefinition,
  defineResource,
  HTTPRoute,
  Secret,
  type KubeList,
  type KubeObject,
  type ListOptions,
  type Resource,
} from '@stackwright/kube';
import { expect, it } from 'vitest';
import { explain } from '../explain/explain.js';
import { custom } from '../testing/objects.js';
import { referenceOf } from './objects.js';
import { takeSnapshot } from './take-snapshot.js';

const namespace = 'openstack';

/** Items of lists say what they are, as the real client has them. */
class Client extends FakeClient {
  override async listAll<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const { items, ...list } = await super.listAll(resource, options);
    return {
      ...list,
      items: items.map((item) => ({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind })),
    };
  }
}

const names = { kind: 'MariaDB', plural: 'mariadbs' };
const group = 'mariadb.stackwright.dev';

/** What `why` says of a MariaDB that is not ready because of one object. */
async function chainTo(on: string, object?: KubeObject) {
  const client = new Client();
  await client.seed(CustomResourceDefinition, {
    metadata: { name: `mariadbs.${group}` },
    spec: { group, scope: 'Namespaced', names, versions: [{ name: 'v1alpha1', served: true, storage: true }] },
  });
  const waits = custom('MariaDB', 'mariadb', { ready: false, reason: 'Rejected', on: [on] });
  const MariaDB = defineResource({ group, version: 'v1alpha1', ...names, namespaced: true });
  await client.seed<KubeObject>(MariaDB, waits);
  if (object) await client.seed<KubeObject>(on.startsWith('Secret') ? Secret : HTTPRoute, object);
  const observed = await takeSnapshot(client, namespace);
  const { metadata } = waits;
  return { observed, chain: explain(observed, referenceOf({ ...waits, metadata: { ...metadata } })) };
}

it('does not say of what exists, whatever its kind, that it does not', async () => {
  const { chain } = await chainTo('HTTPRoute/mariadb', { metadata: { namespace, name: 'mariadb' } });
  expect(chain.map(({ object, reason }) => `${object.kind} ${reason}`)).toEqual(['MariaDB Rejected']);
  // Also of a kind that is not looked up.
  const unread = await chainTo('Whatever/mariadb');
  expect(unread.chain.map(({ object, reason }) => `${object.kind} ${reason}`)).toEqual(['MariaDB Rejected']);
  const missing = await chainTo('HTTPRoute/mariadb');
  expect(missing.chain.at(-1)).toMatchObject({ object: { kind: 'HTTPRoute' }, state: 'Missing' });
});

it('keeps nothing of what a Secret holds', async () => {
  const secret = { metadata: { namespace, name: 'mine' }, data: { password: 'Y2FuYXJ5' } };
  const { observed, chain } = await chainTo('Secret/mine', secret);
  expect(chain).toHaveLength(1);
  expect(observed.list('Secret')).toHaveLength(1);
  expect(JSON.stringify(observed.list('Secret'))).not.toContain('Y2FuYXJ5');
});
