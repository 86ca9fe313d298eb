import { CoreEvent, Secret } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { settle, testManager } from '../testing/index.js';

it('an event says whose controller wrote it: of the module, of the process, or ours', async () => {
  const test = testManager({ name: 'host', domain: 'process.example' });
  await test.client.seed(Secret, { metadata: { namespace: 'ns', name: 'a' } });
  const secret = test.client.peek(Secret, { namespace: 'ns', name: 'a' })!;
  const event = { type: 'Normal', action: 'Reconcile', note: 'done' } as const;
  test.manager.events.record(secret, { ...event, reason: 'One' });
  test.manager.as('guest').events.record(secret, { ...event, reason: 'Two' });
  test.manager.as('guest', 'guest.example').events.record(secret, { ...event, reason: 'Three' });
  await settle();
  const { items } = await test.client.list(CoreEvent);
  expect(items.map(({ reportingComponent }) => reportingComponent).sort()).toEqual([
    'guest.example/guest-controller',
    'process.example/guest-controller',
    'process.example/host-controller',
  ]);
});
