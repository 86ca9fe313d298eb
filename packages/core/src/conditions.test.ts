import type { Condition } from '@stackwright/kube';
import { describe, expect, it } from 'vitest';
import { isConditionTrue, replaceConditions, setCondition } from './conditions.js';

const earlier = '2025-01-01T00:00:00Z';
const now = '2025-01-01T01:00:00Z';
const ready: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Waiting',
  message: 'for it',
  lastTransitionTime: earlier,
  observedGeneration: 1,
};
const { lastTransitionTime: _, ...update } = ready;

describe('conditions', () => {
  it('are the same list when nothing changed, so that nothing is written (pitfall 8)', () => {
    const conditions = [ready];
    expect(setCondition(conditions, update, now)).toBe(conditions);
    expect(replaceConditions(conditions, [update], now)).toBe(conditions);
  });

  it('move lastTransitionTime with the status alone', () => {
    const [reworded] = setCondition([ready], { ...update, message: 'still', observedGeneration: 2 }, now);
    expect(reworded).toEqual({ ...ready, message: 'still', observedGeneration: 2 });
    const [turned] = setCondition([ready], { ...update, status: 'True' }, now);
    expect(turned?.lastTransitionTime).toBe(now);
    expect(isConditionTrue([turned!], 'Ready')).toBe(true);
  });

  it('keep their place and the others', () => {
    const other = { ...ready, type: 'Other' };
    const set = setCondition([ready, other], { ...update, reason: 'New' }, now);
    expect(set.map(({ type }) => type)).toEqual(['Ready', 'Other']);
    expect(set[1]).toBe(other);
    expect(setCondition([ready], { ...update, type: 'Third' }, now).map(({ type }) => type)).toEqual([
      'Ready',
      'Third',
    ]);
  });

  it('are replaced as a whole: what is not named any more goes, times of what stays are kept', () => {
    const stale = { ...ready, type: 'Stale' };
    const replaced = replaceConditions(
      [stale, ready],
      [
        { ...update, reason: 'New' },
        { ...update, type: 'Fresh' },
      ],
      now,
    );
    expect(replaced.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ['Ready', earlier],
      ['Fresh', now],
    ]);
  });
});
