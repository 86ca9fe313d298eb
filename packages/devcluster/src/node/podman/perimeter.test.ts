import { describe, expect, it } from 'vitest';
import { parsePerimeters, perimeterRules } from './perimeter.js';

const options = { id: '0123abcd', bridge: 'sw-0123abcd', pods: '10.201.0.0/17', services: '10.201.128.0/17' };

describe('the rules that keep neighbours out', () => {
  it('take the place of those before, and are found by their cluster', () => {
    const rules = perimeterRules(options);
    expect(rules).toContain('delete table inet stackwright_0123abcd\n');
    const other = 'table inet filter {\n\tchain input {\n\t\tip daddr 10.9.0.0/16 drop\n\t}\n}\n';
    expect(parsePerimeters(`${other}${rules}${other}`)).toEqual([{ id: '0123abcd', services: '10.201.128.0/17' }]);
    expect(parsePerimeters(other)).toEqual([]);
  });
});
