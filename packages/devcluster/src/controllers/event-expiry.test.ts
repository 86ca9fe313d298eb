import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoreEvent, Pod } from '@stackwright/kube';
import { pod } from '../testing/manifests.js';
import { TestCluster } from '../testing/test-cluster.js';

describe('events', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  it('live for an hour after they happened last', async () => {
    await cluster.client.create(Pod, pod('pod'));
    await cluster.untilObject(Pod, 'pod', ({ status }) => status?.phase === 'Running');
    await cluster.until('events', async () => (await cluster.list(CoreEvent)).length > 2);
    const [renewed] = await cluster.list(CoreEvent);
    await cluster.pass(3_000_000, 60_000);
    const lastTimestamp = new Date(cluster.clock.now()).toISOString();
    const key = { namespace: 'test', name: renewed!.metadata.name! };
    await cluster.client.patch(CoreEvent, key, { type: 'merge', body: { lastTimestamp } });
    await cluster.pass(2_400_000, 60_000);
    expect((await cluster.list(CoreEvent)).map(({ metadata }) => metadata.name)).toEqual([renewed!.metadata.name]);
  });
});
