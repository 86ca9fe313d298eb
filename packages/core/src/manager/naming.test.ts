// Whose controllers a process runs is for its author to say: the library has no name of its own in what it shows.
import { CoreEvent, Lease, Secret } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { newController } from '../controller/builder.js';
import { settle, testManager, type TestManager } from '../testing/index.js';

const at = { namespace: 'ns', name: 'a' };

async function shownBy(test: TestManager): Promise<string> {
  const { manager, client } = test;
  await client.seed(Secret, { metadata: at });
  newController(manager, 'widget')
    .for(Secret)
    .complete(async () => {
      const note = { type: 'Normal', reason: 'Seen', action: 'Look', note: 'seen' } as const;
      manager.events.record(client.peek(Secret, at) ?? {}, note);
    });
  await test.start();
  await settle();
  await test.stop();
  const written = [...(await client.list(CoreEvent)).items, ...(await client.list(Lease)).items];
  return `${await manager.metrics.metrics()}\n${JSON.stringify(written)}`;
}

it('a process that says nothing about itself is called after its name alone', async () => {
  const test = testManager({ name: 'widget', leaderElection: { namespace: 'ns', identity: 'one' } });
  const shown = await shownBy(test);
  expect(shown).not.toContain('stackwright');
  expect(shown).toContain('"reportingComponent":"widget-controller"');
  expect(shown).toContain('controller_informer_synced{resource="secrets"} 1');
  expect([test.manager.domain, test.manager.managedBy]).toEqual([undefined, 'widget']);
});

it('domain, manager, metrics and lease have the names that they are given', async () => {
  const test = testManager({
    name: 'widget',
    domain: 'example.com',
    managedBy: 'acme',
    metricPrefix: 'acme',
    leaderElection: { namespace: 'ns', identity: 'one', name: 'the-lock' },
  });
  const shown = await shownBy(test);
  expect(shown).toContain('"reportingComponent":"example.com/widget-controller"');
  expect(shown).toContain('acme_informer_synced{resource="secrets"} 1');
  expect(shown).toContain('leader_election_master_status{name="the-lock"}');
  expect(test.client.peek(Lease, { namespace: 'ns', name: 'the-lock' })).toBeDefined();
  expect([test.manager.domain, test.manager.managedBy]).toEqual(['example.com', 'acme']);
  expect([test.manager.as('guest').managedBy, test.manager.as('guest', 'guest.example').domain]).toEqual([
    'acme',
    'guest.example',
  ]);
});
