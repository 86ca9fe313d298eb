import { ConfigMap, Namespace } from '@stackwright/kube';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { testManager, type TestManager } from '@stackwright/core/testing';
import { controllerForGraph } from '../controller.js';
import { Sample, sample, sampleGraph } from '../testing/sample.js';

let test: TestManager;
beforeEach(() => (test = testManager()));
afterEach(() => test.stop());

const one = { namespace: 'ns', name: 'one' };

it('what is made in a namespace that was made anew is looked after, though its predecessor seemed to be there still', async () => {
  controllerForGraph(test.manager, sampleGraph(), { endsWithNamespace: true });
  await test.client.seed(Namespace, { metadata: { name: 'ns', finalizers: ['kubernetes'] } });
  await test.start();
  await test.client.delete(Namespace, { name: 'ns' });
  await test.clock.advance(1_000);
  // The object is seen before the end of the namespace is: each kind has a watch of its own.
  await test.client.seed(Sample, { ...sample(), metadata: one });
  await test.clock.advance(1_000);
  expect(test.client.peek(ConfigMap, { namespace: 'ns', name: 'one-config' })).toBeUndefined();
  await test.client.patch(Namespace, { name: 'ns' }, { type: 'merge', body: { metadata: { finalizers: null } } });
  await test.client.seed(Namespace, { metadata: { name: 'ns' } });
  await test.clock.advance(60_000);
  expect(test.client.peek(ConfigMap, { namespace: 'ns', name: 'one-config' })).toBeDefined();
});
