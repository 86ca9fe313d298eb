import { describe, expect, it } from 'vitest';
import { formatLabels, formatSelector, matchesSelector, parseSelector, SelectorError } from './selectors.js';

it('formats labels in one order', () => {
  expect(formatLabels({ b: '2', a: '1' })).toBe('a=1,b=2');
  expect(formatLabels({})).toBe('');
});

it.each([
  ['a=b', 'a=b'],
  ['a == b', 'a=b'],
  ['a!=b', 'a!=b'],
  ['a in (x, y),b notin (z,w)', 'a in (x,y),b notin (z,w)'],
  ['example.com/name, !gone', 'example.com/name,!gone'],
  ['a=', 'a='],
  ['', ''],
])('reads and writes "%s"', (text, written) => {
  expect(formatSelector(parseSelector(text))).toBe(written);
});

it.each(['a b', 'a in x', '=b', 'a=b=c', 'a,', 'a=b/c', 'a>1', 'a in (x', '!'])('refuses "%s"', (text) => {
  expect(() => parseSelector(text)).toThrow(SelectorError);
});

describe('matching', () => {
  const labels = { app: 'keystone', tier: 'api' };

  it.each([
    ['app=keystone', true],
    ['app=glance', false],
    ['app!=glance', true],
    ['other!=x', true],
    ['app in (glance,keystone),tier', true],
    ['app notin (glance,keystone)', false],
    ['other notin (x)', true],
    ['!other', true],
    ['!app', false],
    ['other', false],
    ['other=', false],
    ['constructor', false],
  ])('%s: %s', (text, expected) => {
    expect(matchesSelector(parseSelector(text), labels)).toBe(expected);
  });

  it('takes both halves of a LabelSelector', () => {
    const selector = {
      matchLabels: { app: 'keystone' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['api', 'web'] }],
    };
    expect(matchesSelector(selector, labels)).toBe(true);
    expect(matchesSelector(selector, { app: 'keystone' })).toBe(false);
    expect(formatSelector(selector)).toBe('app=keystone,tier in (api,web)');
  });

  it('selects everything when empty and nothing when absent', () => {
    expect(matchesSelector({}, undefined)).toBe(true);
    expect(matchesSelector(undefined, labels)).toBe(false);
  });

  it.each([
    ['Near', ['x']],
    ['In', []],
    ['Exists', ['x']],
  ])('refuses the operator %s with values %j', (operator, values) => {
    expect(() => matchesSelector({ matchExpressions: [{ key: 'a', operator, values }] }, labels)).toThrow(
      SelectorError,
    );
  });
});
