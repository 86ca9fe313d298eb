// Whatever bytes are sent as whatever they are called: they are read, or refused as the client's mistake.
import { ApiError } from '@stackwright/kube';
import { expect, it } from 'vitest';
import { Chance, fuzzTimeout, seeds } from '../../testing/chance.js';
import { decodeBody } from './body.js';

const TYPES = [
  'application/json',
  'application/yaml',
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/vnd.kubernetes.protobuf',
  '',
  'text/plain',
  'application/json; charset=x',
] as const;
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  '"a"',
  '"a":1,',
  '"__proto__":',
  'a: b\n',
  '- ',
  '? ',
  '&a ',
  '*a',
  '<<: ',
  '!!',
  '!!js/function x',
  '|\n ',
  '>\n ',
  '---\n',
  '...\n',
  '%YAML 9.9\n',
  '#',
  '\t',
  '\n',
  ' ',
  '\0',
  '\\u0000',
  '\\ud800',
  '1e999',
  '-',
  '0x',
  'null',
  'true',
  '~',
  '.inf',
  "'",
  'k8s\0',
  '\x0a\x02',
  '\x12\x04',
  '\x08\x96\x01',
  '\x0a\xff\xff\xff\xff\x0f',
  'v1',
  'Pod',
  '\uFEFF',
  'ß',
  '{"a":{"a":{"a":',
] as const;

it('no body is a fault of the server', { timeout: fuzzTimeout }, () => {
  for (const seed of seeds(500)) {
    const chance = new Chance(seed);
    const type = chance.of(TYPES);
    const text = (chance.hits(0.3) ? chance.of(['{', 'k8s\0', 'a: ']) : '') + chance.some(PIECES, 20).join('');
    const body = Buffer.from(text, chance.hits(0.5) ? 'utf8' : 'latin1');
    try {
      decodeBody(body, type, chance.hits(0.5));
    } catch (error) {
      const shown = `seed ${seed}: ${type} ${JSON.stringify(text)}`;
      expect(error, shown).toBeInstanceOf(ApiError);
      expect([400, 413, 415], shown).toContain((error as ApiError).code);
    }
    expect(({} as Record<string, unknown>)['a'], `seed ${seed}`).toBeUndefined();
  }
});
