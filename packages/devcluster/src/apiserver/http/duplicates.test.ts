import { describe, expect, it } from 'vitest';
import { duplicateFields, readYaml } from './duplicates.js';

const found = (text: string): string[] => duplicateFields(text, JSON.parse(text));

describe('fields that come twice', () => {
  it.each([
    ['at the top', '{"a":1,"a":2}', ['a']],
    ['in an object', '{"spec": {"replicas": 1, "replicas": 2}}', ['spec.replicas']],
    ['in an item of a list', '{"list": [[1, {}], {"a": [], "b": "x", "a": {}}]}', ['list[1].a']],
    ['once however often', '{"a":1,"a":2,"a":3}', ['a']],
    ['written in another way', '{"a\\"b":1,"\\u0061\\"b":2}', ['a"b']],
    ['in both of two objects of one name', '{"a":{"b":1,"b":2},"a":{"c":1,"c":1}}', ['a.b', 'a', 'a.c']],
  ])('are found %s', (_where, text, paths) => {
    expect(found(text)).toEqual(paths);
  });

  it.each([
    '{"a": {"a": [{"a": 1}, {"a": 1}]}, "b": "a"}',
    '{"text": "{\\"a\\":1,\\"a\\":2}", "path": "\\\\", "list": ["a", "a", ","]}',
    '{ }',
    '[]',
  ])('are not seen where none are: %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('are told by their lines in YAML', () => {
    const duplicates = readYaml('a: 1\nb:\n  c d: 1\n  "c d": 2\na: 3\n', true).duplicates;
    expect(duplicates?.messages).toEqual([
      'line 4: key "c d" already set in map',
      'line 5: key "a" already set in map',
    ]);
  });

  it.each([
    ['of one map', Array.from({ length: 15_000 }, (_, i) => `k${i}: v`).join('\n'), 0],
    ['of one name', 'k: v\n'.repeat(15_000), 14_999],
    ['of a map in one line', `{${Array.from({ length: 15_000 }, (_, i) => `k${i}: v`).join(', ')}}`, 0],
  ])('are looked for once among many keys %s', (_which, text, count) => {
    expect(readYaml(text, true).duplicates?.messages ?? []).toHaveLength(count);
  });
});
