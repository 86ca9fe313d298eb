// Whether a service serves now is another question than whether it is as it is wanted.
import { Secret } from '@stackwright/kube';
import { makeAuthority } from '@stackwright/kube/testing/tls';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Sample } from '../testing/sample-service.js';
import { sample, sampleService } from '../testing/sample-service.js';
import { ServiceHarness } from '../testing/service-harness.js';

let harness: ServiceHarness<Sample>;

const available = () => harness.condition('Available');
const ready = () => harness.condition('Ready');
const refused = { config: { 'sample.conf': { database: { connection: 'mine' } } } };

beforeEach(async () => {
  harness = new ServiceHarness(sampleService);
  await harness.create(sample());
  await harness.settle();
  expect(available()).toMatchObject({ status: expect.stringMatching(/False|Unknown/) as string });
  await harness.endpoint('keystone', [{ name: 'http', port: 5000 }], '10.0.0.7');
  await harness.provide();
  await harness.endJobs();
  await harness.rollOut();
  expect(ready()).toMatchObject({ status: 'True' });
});

describe('a service', () => {
  it('is Available while its API answers, whatever is wrong with what is wanted next', async () => {
    expect(available()).toMatchObject({ status: 'True', reason: 'Available' });
    await harness.set(refused);
    expect(ready()).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
    expect(available()).toMatchObject({ status: 'True' });
  });

  it('is not when its API stops to answer, also while something is wrong with what is wanted next', async () => {
    await harness.set(refused);
    harness.http.answer = new Error('connect ECONNREFUSED');
    await harness.later(120_000);
    expect(ready()).toMatchObject({ status: 'False' });
    expect(available()).toMatchObject({ status: 'False', reason: 'ApiUnreachable' });
    harness.http.answer = 200;
    await harness.later(120_000);
    expect(available()).toMatchObject({ status: 'True' });
  });

  it('stays Ready for what it was told before while a good change is rolled out', async () => {
    await harness.set({ resources: { requests: { cpu: '1' } } });
    expect(harness.condition('ApiReady')).toMatchObject({ status: 'False', reason: 'RolloutInProgress' });
    expect(ready()).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(available()).toMatchObject({ status: 'True' });
    await harness.rollOut();
    expect(ready()).toMatchObject({ status: 'True', observedGeneration: 2 });
  });

  it('is asked as it is served, while the certificate that it is to have is no good', async () => {
    const authority = await makeAuthority();
    const { cert, key } = await authority.issue('sample', ['sample.ns.svc']);
    const labels = { 'stackwright.dev/usable-by': 'sample' };
    await harness.seedSecret('mine', { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.ca }, labels);
    await harness.set({ tls: { secretRef: { name: 'mine' } } });
    await harness.rollOut();
    await harness.provide();
    expect(ready()).toMatchObject({ status: 'True' });
    await harness.api.delete(Secret, harness.at('mine'));
    await harness.settle();
    harness.http.calls.length = 0;
    await harness.later(120_000);
    expect(ready()).toMatchObject({ status: 'False', reason: 'WaitingForObject' });
    expect(available()).toMatchObject({ status: 'True' });
    const asked = harness.http.calls.filter(({ url }) => url.startsWith('https://sample.ns.svc'));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ ca }) => ca === authority.ca)).toBe(true);
  });
});
