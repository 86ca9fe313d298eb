import { expect, it } from 'vitest';
import { compareResourceVersions } from './resource-version.js';

it('orders resource versions beyond what a number holds', () => {
  const sorted = ['2', '10', '9007199254740992', '9007199254740993', '36893488147419103232'];
  expect([...sorted].reverse().sort(compareResourceVersions)).toEqual(sorted);
  expect(compareResourceVersions('7', '7')).toBe(0);
});
