import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Endpoints, EndpointSlice, Pod, Service } from '@stackwright/kube';
import type { Stored } from '../../shared/objects.js';
import { pod, service, web } from '../../testing/manifests.js';
import { TestCluster } from '../../testing/test-cluster.js';
import { computeGroups } from './compute.js';

const labels = { app: 'web' };

describe('the endpoints of a Service', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
  });
  afterEach(() => cluster.stop());

  const conditions = async (): Promise<unknown[]> =>
    (await cluster.list(EndpointSlice)).flatMap((slice) => slice.endpoints).map((endpoint) => endpoint.conditions);

  it('follow its Pods from readiness to their end', async () => {
    await cluster.client.create(Service, service('web', { ports: [{ name: 'api', port: 5000, targetPort: 'http' }] }));
    const hold = cluster.runtime.script.when({ pod: 'web-1' }, { neverReady: true });
    const probed = web({ readinessProbe: { httpGet: { port: 'http' }, periodSeconds: 1 } });
    await cluster.client.create(Pod, pod('web-1', { containers: [probed] }, labels));
    await cluster.until('an endpoint', async () => (await conditions()).length === 1);
    expect(await conditions()).toEqual([{ ready: false, serving: false, terminating: false }]);
    const [slice] = await cluster.list(EndpointSlice);
    expect(slice).toMatchObject({
      metadata: {
        labels: { 'kubernetes.io/service-name': 'web' },
        ownerReferences: [{ kind: 'Service', name: 'web' }],
      },
      addressType: 'IPv4',
      ports: [{ name: 'api', port: 80, protocol: 'TCP' }],
    });
    expect((await cluster.get(Endpoints, 'web'))?.subsets).toMatchObject([
      { notReadyAddresses: [{ targetRef: { name: 'web-1' } }] },
    ]);

    hold();
    cluster.runtime.crash({ pod: 'web-1' });
    await cluster.until(
      'readiness',
      async () => (await cluster.get(Endpoints, 'web'))?.subsets?.[0]?.addresses?.length === 1,
    );
    expect(await conditions()).toEqual([{ ready: true, serving: true, terminating: false }]);

    cluster.runtime.script.when({ pod: 'web-1' }, { ignoresTerm: true });
    cluster.runtime.crash({ pod: 'web-1' });
    await cluster.until(
      'the restart',
      async () => (await cluster.get(Pod, 'web-1'))?.status?.containerStatuses?.[0]?.restartCount === 2,
    );
    await cluster.until(
      'readiness',
      async () => (await cluster.get(Endpoints, 'web'))?.subsets?.[0]?.addresses?.length === 1,
    );
    await cluster.client.delete(Pod, { namespace: 'test', name: 'web-1' });
    await cluster.until('the end to begin', async () =>
      JSON.stringify(await conditions()).includes('"terminating":true'),
    );
    expect(await conditions()).toEqual([{ ready: false, serving: true, terminating: true }]);
    expect((await cluster.get(Endpoints, 'web'))?.subsets ?? []).toEqual([]);
    await cluster.until('no endpoint', async () => (await conditions()).length === 0);
  });

  it('go with it', async () => {
    await cluster.client.create(Service, service('web'));
    await cluster.until('Endpoints', () => cluster.get(Endpoints, 'web'));
    await cluster.client.delete(Service, { namespace: 'test', name: 'web' });
    await cluster.untilGone(Endpoints, 'web');
  });
});

describe('endpoints by rule', () => {
  const stored = <T>(object: T): Stored & T => object as Stored & T;
  const running = (name: string, extra: Partial<Pod['spec']> = {}, ready = true): Stored<Pod> => {
    const made = pod(name, extra, labels);
    const status: Pod['status'] = {
      phase: 'Running',
      podIP: `10.0.0.${name.length}`,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    };
    return stored({ ...made, status });
  };

  it('are ready at once where unready addresses are published', () => {
    const groups = computeGroups(stored(service('web', { publishNotReadyAddresses: true })), [
      running('web', {}, false),
    ]);
    expect(groups[0]?.endpoints[0]).toMatchObject({ ready: true, serving: true });
  });

  it('have the hostname of a Pod of that subdomain', () => {
    const groups = computeGroups(stored(service('web', { clusterIP: 'None' })), [
      running('a', { hostname: 'a', subdomain: 'web' }),
      running('bb', { hostname: 'bb', subdomain: 'other' }),
    ]);
    expect(groups[0]?.endpoints.map(({ hostname }) => hostname)).toEqual(['a', undefined]);
  });

  it('are grouped by what a named port means in each Pod', () => {
    const other = web({ ports: [{ name: 'http', containerPort: 8080 }] });
    const groups = computeGroups(stored(service('web', { ports: [{ port: 80, targetPort: 'http' }] })), [
      running('a'),
      running('bb', { containers: [other] }),
      running('ccc', { containers: [web({ ports: [] })] }),
    ]);
    expect(groups.map(({ ports, endpoints }) => [ports[0]?.port, endpoints.map((item) => item.pod.name)])).toEqual([
      [80, ['a']],
      [8080, ['bb']],
    ]);
  });

  it('do not exist for Pods that are finished or have no address', () => {
    const finished = { ...running('a'), status: { ...running('a').status, phase: 'Succeeded' } } as Stored<Pod>;
    const waiting = { ...running('bb'), status: { phase: 'Pending' } } as Stored<Pod>;
    expect(computeGroups(stored(service('web')), [finished, waiting])).toEqual([]);
  });
});
