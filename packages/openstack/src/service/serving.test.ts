import { Deployment } from '@stackwright/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Sample } from '../testing/sample-service.js';
import { sample, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

let harness: ServiceHarness<Sample>;

const pod = () =>
  harness.api.peek(Deployment, { namespace: 'ns', name: 'sample' })?.spec?.template.spec ?? { containers: [] };
const container = () => pod().containers[0];
const uwsgi = () => harness.text('sample-uwsgi', 'uwsgi.ini').split('\n');

beforeEach(() => {
  harness = new ServiceHarness(sampleService);
});

describe('the Pods of an API', () => {
  it('are asked whether they live where no thread that answers requests has to be free for it', async () => {
    await harness.standUp(sample());
    const liveness = container()?.ports?.find(({ name }) => name === 'liveness')?.containerPort;
    expect(container()?.livenessProbe?.httpGet).toEqual({ path: '/', port: 'liveness' });
    expect(container()?.readinessProbe?.httpGet).toMatchObject({ path: '/', port: 'http' });
    expect(uwsgi()).toContain('mule = /etc/stackwright/stackwright_liveness.py');
    expect(harness.text('sample-uwsgi', 'liveness')).toBe(`${liveness}\n`);
    expect(harness.text('sample-uwsgi', 'stackwright_liveness.py')).toContain("'liveness'");
  });

  it('serve as the spec says, and else as is good for most', async () => {
    await harness.standUp(sample());
    expect(uwsgi()).toEqual(expect.arrayContaining(['processes = 1', 'threads = 4', 'harakiri = 300']));
    expect(pod().terminationGracePeriodSeconds).toBe(30);
    expect(container()?.lifecycle?.preStop?.exec?.command).toEqual(['sleep', '3']);

    await harness.set({
      api: {
        processes: 3,
        threads: 16,
        requestTimeoutSeconds: 20,
        terminationGracePeriodSeconds: 120,
        preStopSeconds: 10,
      },
    });
    const expected = ['processes = 3', 'threads = 16', 'harakiri = 20', 'worker-reload-mercy = 120'];
    expect(uwsgi()).toEqual(expect.arrayContaining(expected));
    expect(pod().terminationGracePeriodSeconds).toBe(120);
    expect(container()?.lifecycle?.preStop?.exec?.command).toEqual(['sleep', '10']);
    // Each process has its own memory.
    expect(container()?.resources?.requests).toMatchObject({ memory: '768Mi' });

    await harness.set({ api: { preStopSeconds: 0, requestTimeoutSeconds: 0 } });
    expect(container()?.lifecycle).toBeUndefined();
    expect(uwsgi().filter((line) => line.startsWith('harakiri'))).toEqual([]);
  });

  it('are counted and selected in the status, for those who scale them', async () => {
    await harness.standUp(sample({ replicas: 2 }));
    expect(harness.object.status).toMatchObject({
      replicas: 2,
      selector:
        'app.kubernetes.io/name=sample,app.kubernetes.io/instance=sample,app.kubernetes.io/managed-by=stackwright,app.kubernetes.io/component=api',
    });
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });
});
