import { expect, it } from 'vitest';
import { meaningOf, meanings, stepsOfAllKinds } from './conditions-page.js';

it('every condition of every kind is told what it speaks of, and nothing else is', () => {
  const steps = stepsOfAllKinds();
  expect(steps.filter((one) => meaningOf(one) === undefined).map(({ kind, step }) => `${kind}/${step}`)).toEqual([]);
  const used = new Set(steps.flatMap(({ kind, step }) => (meanings[`${kind}/${step}`] ? `${kind}/${step}` : step)));
  expect(Object.keys(meanings).filter((name) => !used.has(name))).toEqual([]);
});
