import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KnownSecrets } from './known-secrets.js';

const unit = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...`'"@%\\/:;&<>$\`!#?+= \n\t{}[]()|*.,~^-_`) },
  { weight: 4, arbitrary: fc.constantFrom(...'abcXYZ0189') },
  { weight: 1, arbitrary: fc.constantFrom('é', 'ß', '€', '漢', '😀') },
);
/** As people and generators make them, and worse. */
const secret = fc
  .string({ unit, minLength: 6, maxLength: 40 })
  .filter((value) => value === value.trim() && value.length >= 6 && /[a-zA-Z0-9]/.test(value));

const ascii = (text: string): string =>
  text.replaceAll(/\P{ASCII}/gu, (character) =>
    character
      .split('')
      .map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
const bytes = (text: string): string =>
  text.replaceAll(/\P{ASCII}/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16)}`).join(''),
  );

const quotings: Record<string, (value: string) => string> = {
  'as it is': (value) => value,
  JSON: (value) => JSON.stringify(value),
  'JSON in ASCII': (value) => ascii(JSON.stringify(value)),
  'JSON in JSON': (value) => JSON.stringify(JSON.stringify(value)),
  'a part of a URL': (value) => encodeURIComponent(value),
  'a part of a URL, in lower case': (value) => encodeURIComponent(value).replaceAll(/%../g, (hex) => hex.toLowerCase()),
  'a URL': (value) => encodeURI(value),
  'a URL, twice': (value) => encodeURIComponent(encodeURIComponent(value)),
  'a form': (value) => new URLSearchParams({ p: value }).toString().slice(2),
  'SQL with backslashes': (value) =>
    value
      .replaceAll(/['"\\]/g, '\\$&')
      .replaceAll('\n', '\\n')
      .replaceAll('\t', '\\t'),
  'SQL with doubled quotes': (value) => value.replaceAll("'", "''"),
  'a shell, in single quotes': (value) => value.replaceAll("'", "'\\''"),
  'a shell, in both quotes': (value) => value.replaceAll("'", `'"'"'`),
  'a shell, in double quotes': (value) => value.replaceAll(/["\\$`!]/g, '\\$&'),
  'a shell, with backslashes': (value) => value.replaceAll(/[^a-zA-Z0-9\n]/gu, '\\$&'),
  'Python’s repr': (value) =>
    value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\t', '\\t'),
  'bytes in Python': (value) =>
    bytes(value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\t', '\\t')),
  XML: (value) =>
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  'oslo.config': (value) => value.replaceAll('$', '$$$$'),
  ConfigParser: (value) => value.replaceAll('%', '%%'),
};

describe('known secrets', () => {
  it.each(Object.entries(quotings))('do not come out of a text that has them as %s', (_what, quote) => {
    fc.assert(
      fc.property(secret, fc.constantFrom('', 'x', '"', "'", ' ', '='), (value, beside) => {
        const known = new KnownSecrets();
        known.add(value);
        const shown = known.mask(`Failed: ${beside}${quote(value)}${beside} at line 1`);
        expect(shown).not.toContain(value);
        // No part of it, either.
        for (const [part] of value.matchAll(/[a-zA-Z0-9]{4,}/g))
          if (!'Failed at line'.includes(part)) expect(shown).not.toContain(part);
        expect(shown).toContain('***');
      }),
    );
  });

  it.each(['base64', 'base64url'] as const)('do not come out of %s, wherever they stand in it', (encoding) => {
    fc.assert(
      fc.property(secret, fc.string({ maxLength: 7 }), fc.string({ maxLength: 7 }), (value, before, after) => {
        const known = new KnownSecrets();
        known.add(value);
        const text = Buffer.from(`${before}${value}${after}`).toString(encoding);
        const shown = known.mask(`Authorization: x ${text}.`);
        for (const [word] of shown.matchAll(/[\w+/-]{4,}/g))
          expect(Buffer.from(word, encoding).toString()).not.toContain(value);
        expect(shown).toContain('***');
      }),
    );
  });

  it('leave texts alone that do not hold them, and ignore values that are too short to be told from words', () => {
    const known = new KnownSecrets();
    for (const value of ['nova', '', '  abc  ', 'Sup3r-secret']) known.add(value);
    expect(known.size).toBe(1);
    expect(known.mask('nova waits for Sup3r-secretary and super-secret')).toBe(
      'nova waits for ***ary and super-secret',
    );
  });

  it('mask the longer one of two that begin alike', () => {
    const known = new KnownSecrets();
    for (const value of ['abcdef', 'abcdef-ghijkl']) known.add(value);
    expect(known.mask('abcdef-ghijkl abcdef')).toBe('*** ***');
  });

  it('are forgotten when there are too many, those first that were met longest ago (pitfall 15)', () => {
    const known = new KnownSecrets(100);
    const value = (n: number): string => `secret-${n}-${'x'.repeat(n % 7)}`;
    known.add(value(0));
    for (let n = 1; n < 10_000; n++) {
      known.add(value(n));
      known.add(value(0));
    }
    expect(known.size).toBe(100);
    expect(known.mask(`${value(0)} ${value(9_999)} ${value(5)}`)).toBe(`*** *** ${value(5)}`);
  });

  it.each([
    ['begin alike, with a word that is everywhere', (n: number) => `password-${n.toString(16).padStart(8, '0')}`],
    ['have no four letters or digits in a row', (n: number) => `a!b?${String(n).split('').join('%')}#c`],
  ])('cost a line no more for being thousands, also where they %s', (_what, secretOf) => {
    const known = new KnownSecrets();
    for (let n = 0; n < 4_000; n++) known.add(secretOf(n));
    const line = 'The password of the user is not what it was before. '.repeat(40);
    for (let n = 0; n < 20; n++) expect(known.mask(line)).toBe(line);
    expect(known.mask(`${line}${secretOf(2_345)}`)).toBe(`${line}***`);
  });

  it('are looked for in time that grows with the text, whatever they consist of', () => {
    const odd = [
      "'".repeat(500),
      '\\'.repeat(500),
      "\\'".repeat(300),
      '漢'.repeat(300),
      '\n'.repeat(300),
      `'"`.repeat(300),
      '%'.repeat(500),
    ];
    const known = new KnownSecrets();
    for (const value of odd) known.add(`a${value}b`);
    for (const value of odd) known.mask(`a${value}`.repeat(20));
    known.mask('?'.repeat(100_000));
    expect(known.size).toBe(odd.length);
  });
});
