import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigMap, ServiceAccount } from '@stackwright/kube';
import { TestCluster } from '../testing/test-cluster.js';

describe('every namespace', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start({ node: false });
  });
  afterEach(() => cluster.stop());

  it('has a default ServiceAccount and the authority of the API server, again when they are deleted or changed', async () => {
    const authority = { 'ca.crt': 'a certificate' };
    await cluster.until('the account', () => cluster.get(ServiceAccount, 'default'));
    await cluster.untilObject(ConfigMap, 'kube-root-ca.crt', ({ data }) => data?.['ca.crt'] === authority['ca.crt']);

    await cluster.client.delete(ServiceAccount, { namespace: 'test', name: 'default' });
    await cluster.client.patch(
      ConfigMap,
      { namespace: 'test', name: 'kube-root-ca.crt' },
      { type: 'merge', body: { data: { 'ca.crt': 'forged' } } },
    );
    await cluster.until('the account', () => cluster.get(ServiceAccount, 'default'));
    const restored = await cluster.untilObject(
      ConfigMap,
      'kube-root-ca.crt',
      ({ data }) => data?.['ca.crt'] !== 'forged',
    );
    expect(restored.data).toEqual(authority);
  });
});
