import { ConfigMap, Namespace, Pod, Secret, type Resource } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { defineGraph, defineObjectGraph } from './graph.js';
import { done, type GraphBuilder, type StepHandle } from './step.js';
import { Sample } from '../testing/sample.js';

const step = (name: string, after: readonly StepHandle[] = []) => ({ name, after, run: () => done() });

describe('a graph', () => {
  it('orders steps after all that they wait for, else as declared', () => {
    const graph = defineGraph(Sample, (g) => {
      g.step(step('Api', [{ name: 'Config' }, { name: 'Schema' }]));
      const database = g.step(step('Database'));
      const config = g.step(step('Config', [database]));
      g.step(step('Schema', [config]));
      g.step(step('Cache'));
    });
    const names = graph.build({} as Sample).steps.map(({ name }) => name);
    expect(names).toEqual(['Database', 'Config', 'Schema', 'Api', 'Cache']);
  });

  it('collects the kinds of its steps once', () => {
    const graph = defineGraph(Sample, (g) => {
      g.step({ ...step('A'), owns: [Secret] });
      g.step({ ...step('B'), owns: [Secret, ConfigMap], reads: [Secret] });
    });
    expect(graph.owns).toEqual([Secret, ConfigMap]);
    expect(graph.reads).toEqual([Secret]);
  });

  it.each([
    ['two steps of one name', [step('A'), step('A')], /two steps are called A/],
    ['a name that is no condition', [step('api-server')], /"api-server" is not PascalCase/],
    ['a step after one that is not there', [step('A', [{ name: 'B' }])], /A comes after B, which is no step of it/],
    [
      'a cycle, with its path',
      [step('A', [{ name: 'C' }]), step('B', [{ name: 'A' }]), step('C', [{ name: 'B' }])],
      /wait for each other: A → C → B → A/,
    ],
    ['a cluster-wide child of a namespaced object', [{ ...step('A'), owns: [Namespace] }], /A cannot own Namespace/],
  ])('refuses %s when it is built', (_what, steps, message) => {
    expect(() => defineGraph(Sample, (g) => steps.forEach((one) => g.step(one)))).toThrow(message);
  });

  it.each([{ resync: 0 }, { resync: NaN }, { timeout: -1 }])('refuses an external step with %o', (times) => {
    const nothing = { observe: async () => 0, diff: () => [], describe: () => '', output: () => 0 };
    const external = { name: 'Outside', ...nothing, apply: async () => undefined, ...times };
    expect(() => defineGraph(Sample, (g) => g.external(external))).toThrow(/Outside has a \w+ of \S+ ms/);
  });

  it('may be a function of the object', () => {
    const graph = defineObjectGraph(Sample, (g, object) => object.spec.extras?.forEach((extra) => g.step(step(extra))));
    const build = (...extras: string[]) => graph.build({ spec: { extras } }).steps.map(({ name }) => name);
    expect(build('A', 'B')).toEqual(['A', 'B']);
    expect(() => build('A', 'A')).toThrow(/two steps/);
  });

  // Nothing runs here: it is the compiler that is tested.
  it('lets a step use the kinds that it declares, and no others', () => {
    const uses: ((g: GraphBuilder<Sample>) => unknown)[] = [
      (g) => g.step({ ...named, owns: [Secret, ConfigMap], run: (scope) => done(scope.get(ConfigMap, 'c')?.data) }),
      (g) => g.step({ ...named, reads: [{ resource: Pod, parts: true }], run: (scope) => done(scope.list(Pod)) }),
      (g) => g.step({ ...named, owns: kinds(), run: (scope) => done(scope.get(Secret, 's')) }),
      // @ts-expect-error Of nearly one shape, and yet another kind.
      (g) => g.step({ ...named, owns: [ConfigMap], run: (scope) => done(scope.get(Secret, 's')) }),
      // @ts-expect-error Only read.
      (g) => g.step({ ...named, reads: [Pod], run: (scope) => done(scope.own(Pod, { metadata: { name: 'p' } })) }),
      // @ts-expect-error Nothing is declared.
      (g) => g.step({ ...named, run: (scope) => done(scope.list(Pod)) }),
    ];
    expect(uses).toHaveLength(6);
  });
});

const named = { name: 'A' };
const kinds = (): readonly Resource[] => [];
