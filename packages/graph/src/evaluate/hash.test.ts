import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, fingerprintOf, hashOf, isNoteOf, noteOf } from './hash.js';
import { isSame } from './same.js';

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, field]) => [name, shuffled(field)]),
  );
};

describe('a fingerprint', () => {
  it('is the same for the same value, and another for any other', () => {
    const seen = new Map<string, string>();
    for (let index = 0; index < 20_000; index++) {
      const value = { metadata: { name: `n${index % 100}` }, data: { key: `${index}` } };
      expect(fingerprintOf(value)).toBe(fingerprintOf(structuredClone(value)));
      seen.set(fingerprintOf(value), '');
    }
    expect(seen.size).toBe(20_000);
  });
});

describe('the note of a value', () => {
  it('knows the value again in whatever order its fields are, one that was noted without a fingerprint included', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, other) => {
        for (const note of [noteOf(value), hashOf(value)]) {
          expect(isNoteOf(note, value)).toBe(true);
          expect(isNoteOf(note, shuffled(value))).toBe(true);
          expect(isNoteOf(note, other)).toBe(isSame(value, other));
        }
      }),
    );
    expect(isNoteOf('', {})).toBe(false);
  });
});

describe('canonical JSON', () => {
  it('is JSON of the same value, whatever the order of its fields', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(shuffled(value))).toBe(text);
      }),
    );
  });

  it('knows no fields that are undefined', () => {
    expect(canonicalJson({ b: undefined, a: [undefined, { d: 1, c: undefined }] })).toBe('{"a":[null,{"d":1}]}');
    expect(canonicalJson(undefined)).toBe('null');
    expect(canonicalJson({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it('differs exactly where values do', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(isSame(one, other)).toBe(canonicalJson(one) === canonicalJson(other));
        expect(isSame(one, shuffled(one))).toBe(true);
      }),
    );
    expect(isSame({ a: undefined }, {})).toBe(true);
    expect(isSame({ a: null }, {})).toBe(false);
  });
});
