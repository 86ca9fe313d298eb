// A controller may die before or after any write, or after one whose answer it never got. Whatever it had done until then, a
// new one ends in the same state, with the same password and without needless writes.
import { ConfigMap, Deployment, Secret } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { GraphHarness } from '../testing/graph-harness.js';
import { rolledOut, Sample, sample, sampleGraph } from '../testing/sample.js';

const key = { namespace: 'ns', name: 'sample' };

class Crash extends Error {}

type Fate = 'before' | 'after';

/** Lets `writes` writes through and dies at the next, before or after it takes effect; from then on nothing gets through. */
function crashAt(harness: GraphHarness<Sample>, writes: number, fate: Fate): void {
  let count = 0;
  const isWrite = (verb: string) => !['get', 'list', 'watch'].includes(verb);
  harness.api.before = ({ verb }) => {
    if (isWrite(verb) && count >= writes && (fate === 'before' || count > writes)) throw new Crash();
    if (isWrite(verb) && fate === 'before') count++;
  };
  harness.api.after = ({ verb }) => {
    if (isWrite(verb) && fate === 'after' && count++ >= writes) throw new Crash();
  };
}

function heal(harness: GraphHarness<Sample>): void {
  harness.api.before = undefined;
  harness.api.after = undefined;
  harness.restart();
}

async function rollOut(harness: GraphHarness<Sample>): Promise<void> {
  await harness.edit(Deployment, 'sample', rolledOut(harness.api.peek(Deployment, key)), 'status');
  await harness.settle();
}

/** What must be the same, however it came about. */
async function stateOf(harness: GraphHarness<Sample>) {
  const kinds = [ConfigMap, Deployment, Secret];
  const objects = await Promise.all(kinds.map((kind) => harness.listed(kind)));
  return objects
    .flat()
    .map(({ metadata, ...rest }) => [
      metadata?.name,
      metadata?.labels,
      metadata?.annotations,
      { ...rest, status: undefined },
    ]);
}

interface Scenario {
  name: string;
  prepare: (harness: GraphHarness<Sample>) => Promise<void>;
  spec?: Sample['spec'];
}

const scenarios: Scenario[] = [
  { name: 'creation', prepare: async () => undefined },
  {
    name: 'a change that also prunes',
    spec: { extras: ['x'] },
    prepare: async (harness) => {
      await harness.settle();
      await rollOut(harness);
      await harness.edit(Sample, 'sample', { spec: { color: 'blue', extras: [] } });
    },
  },
  { name: 'creation with a finalizer', spec: { deletionPolicy: 'Delete' }, prepare: async () => undefined },
];

async function prepared({ prepare, spec = {} }: Scenario): Promise<GraphHarness<Sample>> {
  const harness = new GraphHarness(sampleGraph());
  await harness.create(sample(spec));
  await prepare(harness);
  return harness;
}

describe.each(scenarios)('a crash during $name', (scenario) => {
  it('at any write, before it, after it or before its answer, is recovered from', async () => {
    const reference = await prepared(scenario);
    const writes = (await reference.writesOf(() => reference.settle())).length;
    await rollOut(reference);
    expect(writes).toBeGreaterThan(2);

    for (let crash = 0; crash < writes; crash++) {
      for (const fate of ['before', 'after'] as const) {
        const harness = await prepared(scenario);
        crashAt(harness, crash, fate);
        await harness.settle().catch(() => undefined);
        const password = harness.api.peek(Secret, { ...key, name: 'sample-password' })?.data;
        heal(harness);
        const rest = (await harness.writesOf(() => harness.settle())).length;
        await rollOut(harness);

        const where = `${fate} write ${crash}`;
        const now = harness.api.peek(Secret, { ...key, name: 'sample-password' })?.data;
        if (password) expect(now, where).toEqual(password);
        // The password comes from chance, which went on; all else is the same.
        const masked = async (one: GraphHarness<Sample>) =>
          JSON.stringify(await stateOf(one)).replace(/"password":"[^"]*"/, '');
        expect(await masked(harness), where).toEqual(await masked(reference));
        expect(harness.condition('Ready')?.status, where).toBe('True');
        expect(rest, where).toBeLessThanOrEqual(writes);
        expect(await harness.writesOf(() => harness.settle()), where).toEqual([]);
      }
    }
  });
});

describe('a crash during deletion', () => {
  it('at any write is recovered from, and the object goes', async () => {
    const scenario: Scenario = {
      name: '',
      spec: { deletionPolicy: 'Delete' },
      prepare: async (harness) => void (await harness.settle()),
    };
    const reference = await prepared(scenario);
    await reference.api.delete(Sample, key);
    const writes = (await reference.writesOf(() => reference.settle())).length;
    expect(writes).toBeGreaterThan(3);
    for (let crash = 0; crash < writes; crash++) {
      for (const fate of ['before', 'after'] as const) {
        const harness = await prepared(scenario);
        await harness.api.delete(Sample, key);
        crashAt(harness, crash, fate);
        await harness.settle().catch(() => undefined);
        heal(harness);
        await harness.settle();
        expect(harness.isGone, `${fate} write ${crash}`).toBe(true);
        expect(await stateOf(harness)).toEqual([]);
      }
    }
  });
});
