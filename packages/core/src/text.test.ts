import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutBytes } from './text.js';

it('a text that is cut fits in bytes, keeps whole characters, and is as long as it can be', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.integer({ min: 4, max: 80 }), (text, most) => {
      const cut = cutBytes(text, most);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
      expect(cut).not.toContain('�');
      if (Buffer.byteLength(text) <= most) expect(cut).toBe(text);
      else {
        expect(text.startsWith(cut.slice(0, -1))).toBe(true);
        // What is missing is at most one character of four bytes.
        expect(Buffer.byteLength(cut)).toBeGreaterThan(most - 4);
      }
    }),
  );
});
