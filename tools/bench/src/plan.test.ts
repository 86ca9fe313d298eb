import { expect, it } from 'vitest';
import { planOf } from './plan.js';

it('lets variants take turns, and each repeat begin with another', () => {
  const plan = planOf({
    objects: [10, 20],
    variants: ['plain', 'graph', 'floor'],
    repeats: (size) => (size === 10 ? 2 : 1),
  });
  expect(plan.map(({ objects, variant, repeat }) => `${objects} ${variant} ${repeat}`)).toEqual([
    '10 plain 0',
    '10 graph 0',
    '10 floor 0',
    '10 graph 1',
    '10 floor 1',
    '10 plain 1',
    '20 plain 0',
    '20 graph 0',
    '20 floor 0',
  ]);
});
