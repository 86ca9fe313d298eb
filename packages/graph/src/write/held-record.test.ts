// What was applied last is written down so that it is there whenever a process ends, and so that an API server takes it.
import { ConfigMap, ControllerRevision, Service } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { defineGraph } from '../declare/graph.js';
import { done, failed } from '../declare/step.js';
import { GraphHarness } from '../testing/graph-harness.js';
import { Sample, sample } from '../testing/sample.js';

const at = (name: string) => ({ namespace: 'ns', name });

/** Early refuses the colour "worse", Late that and "wrong": first what Late made is written down, then what both did. */
const graph = defineGraph<Sample>(Sample, (g) => {
  const step = (name: string, child: string, refused: readonly string[]) =>
    g.step({
      name,
      owns: [ConfigMap],
      run(scope) {
        const { color = '' } = scope.object.spec;
        if (refused.includes(color)) return failed('InvalidConfig', `${color} is no colour`);
        scope.own(ConfigMap, { metadata: { name: child }, data: { color } });
        return done();
      },
    });
  step('Early', 'early', ['worse']);
  step('Late', 'late', ['worse', 'wrong']);
});

describe('a record that is replaced', () => {
  const start = async (): Promise<GraphHarness<Sample>> => {
    const harness = new GraphHarness(graph);
    await harness.create(sample({ color: 'red' }));
    await harness.settle();
    await harness.edit(Sample, 'sample', { spec: { color: 'wrong' } });
    await harness.settle();
    return harness;
  };
  const replace = (harness: GraphHarness<Sample>) => harness.edit(Sample, 'sample', { spec: { color: 'worse' } });
  const records = (harness: GraphHarness<Sample>) => harness.listed(ControllerRevision);

  it('is there whole at any moment, wherever a process ends', async () => {
    const reference = await start();
    const before = reference.api.writes.length;
    await replace(reference);
    await reference.settle();
    const writes = reference.api.writes.slice(before).filter(({ resource }) => resource === 'controllerrevisions.apps');
    expect(writes.length).toBeGreaterThan(1);
    for (let crash = 0; crash <= writes.length; crash++) {
      const harness = await start();
      let seen = 0;
      harness.api.before = ({ verb, resource }) => {
        if (verb === 'get' || resource !== 'controllerrevisions.apps') return;
        if (seen++ >= crash) throw new Error('the process ends');
      };
      await replace(harness);
      await harness.reconcile();
      harness.api.before = undefined;
      harness.restart();
      await harness.api.delete(ConfigMap, at('late'));
      await harness.settle();
      expect(harness.api.peek(ConfigMap, at('late'))?.data, `after ${crash} writes`).toEqual({ color: 'red' });
      // Also what was added meanwhile is known to whoever comes next.
      harness.restart();
      await harness.api.delete(ConfigMap, at('early'));
      await harness.settle();
      expect(harness.api.peek(ConfigMap, at('early'))?.data, `after ${crash} writes`).toEqual({ color: 'wrong' });
      await harness.edit(Sample, 'sample', { spec: { color: 'blue' } });
      await harness.settle();
      expect(await records(harness)).toEqual([]);
    }
  });

  it('is the later one where there are two', async () => {
    const harness = await start();
    let isOver = false;
    harness.api.before = ({ verb, resource }) => {
      if (resource !== 'controllerrevisions.apps') return;
      if (verb === 'delete') isOver = true;
      if (isOver) throw new Error('the process ends');
    };
    await replace(harness);
    await harness.reconcile();
    harness.api.before = undefined;
    expect(await records(harness)).toHaveLength(2);
    harness.restart();
    for (const name of ['early', 'late']) await harness.api.delete(ConfigMap, at(name));
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('early'))?.data).toEqual({ color: 'wrong' });
    expect(harness.api.peek(ConfigMap, at('late'))?.data).toEqual({ color: 'red' });
  });
});

describe('the size of a record', () => {
  const large = (size: number, ...names: readonly string[]) =>
    defineGraph<Sample>(Sample, (g) => {
      g.step({
        name: 'App',
        owns: [ConfigMap, Service],
        run(scope) {
          if (scope.object.spec.color === 'wrong') return failed('InvalidConfig', 'no colour');
          // Each a little smaller than the one before.
          names.forEach((name, index) => {
            scope.own(ConfigMap, { metadata: { name }, data: { all: 'x'.repeat(size - index * 1_000) } });
          });
          scope.own(Service, { metadata: { name: 'sample' }, spec: { ports: [{ port: 80 }] } });
          return done();
        },
      });
    });
  const start = async (size: number, ...names: readonly string[]): Promise<GraphHarness<Sample>> => {
    const harness = new GraphHarness(large(size, ...names));
    await harness.create(sample({ color: 'red' }));
    await harness.settle();
    await harness.edit(Sample, 'sample', { spec: { color: 'wrong' } });
    await harness.settle();
    return harness;
  };
  const sizeOf = async (harness: GraphHarness<Sample>) =>
    JSON.stringify(await harness.listed(ControllerRevision)).length;

  it('is that of what is in it, once', async () => {
    const harness = await start(700_000, 'one');
    expect(await sizeOf(harness)).toBeLessThan(720_000);
    harness.restart();
    await harness.api.delete(ConfigMap, at('one'));
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('one'))?.data?.['all']).toHaveLength(700_000);
    await harness.edit(ConfigMap, 'one', { data: { all: 'theirs' } });
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('one'))?.data?.['all']).toHaveLength(700_000);
  });

  it('is what an API server takes: what has no room is held by the process alone, and that is said', async () => {
    const harness = await start(600_000, 'one', 'two');
    expect(await sizeOf(harness)).toBeLessThan(1_100_000);
    expect(harness.logs.find(({ message }) => message.startsWith('Too large'))?.fields).toEqual({
      children: ['ConfigMap one'],
    });
    for (const name of ['one', 'two']) await harness.api.delete(ConfigMap, at(name));
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('one'))).toBeDefined();
    harness.restart();
    for (const name of ['one', 'two']) await harness.api.delete(ConfigMap, at(name));
    await harness.api.delete(Service, at('sample'));
    await harness.settle();
    expect(harness.api.peek(ConfigMap, at('one'))).toBeUndefined();
    expect(harness.api.peek(ConfigMap, at('two'))).toBeDefined();
    expect(harness.api.peek(Service, at('sample'))).toBeDefined();
  });

  it('is no reason to write it down again and again', async () => {
    const harness = await start(600_000, 'one', 'two');
    harness.restart();
    expect(await harness.writesOf(() => harness.settle())).toEqual([]);
  });
});
