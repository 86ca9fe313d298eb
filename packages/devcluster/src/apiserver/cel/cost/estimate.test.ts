// What rules are estimated to cost: a real server's figures.
import { expect, it } from 'vitest';
import type { Schema } from '../../schema/schema.js';
import { newEnvironment } from '../environment.js';
import { declared } from './declared.js';
import { estimateCost } from './estimate.js';

const text = (maxLength: number): Schema => ({ type: 'string', maxLength });
const schema: Schema = {
  type: 'object',
  properties: {
    free: { type: 'string' },
    long: text(2_000_000),
    names: { type: 'array', maxItems: 100_000, items: text(300) },
    numbers: { type: 'array', maxItems: 1_000_000, items: { type: 'integer' } },
    words: { type: 'object', maxProperties: 200_000, additionalProperties: text(50) },
    parts: { type: 'array', items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } },
    port: { 'x-kubernetes-int-or-string': true },
    amount: { 'x-kubernetes-int-or-string': true, maxLength: 64 },
  },
};

const cost = (rule: string): number => {
  const type = declared(schema);
  if (!type) throw new Error('no type');
  return estimateCost(newEnvironment().parse(rule).ast, type);
};

it.each([
  ['size(self.free) > 1', 4],
  ['self.numbers.all(x, x > 1)', 5_000_003],
  ['self.names.all(x, x == "a")', 500_003],
  ['self.names.exists(x, x == "a")', 600_003],
  ['self.words.all(k, self.words[k] == "a")', 1_600_003],
  ['self.names.map(x, x + "a").size() > 1', 13_400_015],
  ['self.long.contains("abcdefghijklmn")', 1_600_002],
  ['type(self.port) == int', 4],
  ['quantity(string(self.amount)).sign() == 1', 56],
])('%s: %i', (rule, expected) => {
  expect(cost(rule)).toBe(expected);
});

it('of lists without a limit are as long as fit into a request', () => {
  expect(cost('self.parts.all(x, x.name == "a")')).toBeGreaterThan(1_000_000);
  expect(cost('self.parts.all(x, self.parts.exists(y, x.name == y.name))')).toBeGreaterThan(1e12);
});
