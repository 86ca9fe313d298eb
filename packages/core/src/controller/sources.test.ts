// What stands between an event and the queue: predicates and maps.
import { ConfigMap, Secret, type KubeObject } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { settle, testManager } from '../testing/index.js';
import { newController } from './builder.js';
import { and, annotationsChanged, hasLabels, labelsChanged, matching, not, or, type Predicate } from './predicates.js';

const at = (name: string, labels: Record<string, string> = {}) => ({ metadata: { namespace: 'ns', name, labels } });

describe('predicates and maps that throw', () => {
  it('are counted and logged, lose no other event, and rather reconcile too much', async () => {
    const test = testManager();
    const reconciled: string[] = [];
    const throws = matching<ConfigMap>(({ metadata }) => {
      if (metadata?.name === 'odd') throw new TypeError('no labels');
      return false;
    });
    newController(test.manager, 'sample')
      .for(ConfigMap, { predicates: [throws] })
      .watches(Secret, ({ metadata }) => {
        if (metadata?.name === 'odd') throw new TypeError('no owner');
        return [{ name: `of ${metadata?.name}` }];
      })
      .complete(async ({ name }) => void reconciled.push(name));
    await test.start();
    await settle();
    await test.client.seed(ConfigMap, at('even'), at('odd'));
    await test.client.seed(Secret, at('odd'), at('even'));
    for (let turn = 0; turn < 3; turn++) await settle();
    expect(reconciled.sort()).toEqual(['odd', 'of even']);
    expect(await test.sample('controller_runtime_reconcile_panics_total', { controller: 'sample' })).toBe(2);
    const errors = test.log.entries.filter(({ level }) => level === 'error');
    expect(
      errors
        .map(({ fields }) => `${String(fields['controller'])}: ${String(fields['kind'])} ${String(fields['name'])}`)
        .sort(),
    ).toEqual(['sample: ConfigMap odd', 'sample: Secret odd']);
    await test.stop();
  });
});

describe('predicates', () => {
  const labelled = (labels: Record<string, string>): KubeObject => at('a', labels);
  const front = labelled({ tier: 'front' });
  const back = labelled({ tier: 'back' });

  it('select by labels, and show once more what lost them', () => {
    for (const predicate of [hasLabels('tier in (front),!legacy'), hasLabels({ matchLabels: { tier: 'front' } })]) {
      expect(predicate.created(front)).toBe(true);
      expect(predicate.created(back)).toBe(false);
      expect(predicate.updated(back, front)).toBe(true);
      expect(predicate.updated(back, back)).toBe(false);
      expect(predicate.deleted(front)).toBe(true);
    }
    expect(() => hasLabels('tier in front')).toThrow('tier in front');
  });

  it('combine for each kind of event', () => {
    const updates = (predicate: Predicate) => [predicate.updated(back, front), predicate.updated(front, front)];
    expect(updates(labelsChanged)).toEqual([true, false]);
    expect(updates(and(labelsChanged, annotationsChanged))).toEqual([false, false]);
    expect(updates(or(labelsChanged, annotationsChanged))).toEqual([true, false]);
    expect(updates(not(labelsChanged))).toEqual([false, true]);
    expect(not(hasLabels('tier=front')).created(back)).toBe(true);
    expect(and(hasLabels('tier'), hasLabels('tier=front')).deleted(back)).toBe(false);
  });
});
