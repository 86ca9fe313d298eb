// A right that nobody uses is a door: each that a controller is granted is used by the suite, or says why it is granted.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grantedRights } from './granted.js';
import { isMeant, reasons } from './reasons.js';
import { read, written } from './right.js';
import { linesOf, rightsTable, usedFile } from './table.js';

const used = linesOf(readFileSync(usedFile, 'utf8'));

describe('rights of controllers', () => {
  it('are used, or have a reason', () => {
    expect(rightsTable().filter((row) => !row.used && row.why === undefined)).toEqual([]);
  });

  it('are those that the suite has used (else: npm run rights)', () => {
    const granted = new Set(grantedRights());
    expect(used.filter((line) => !granted.has(line))).toEqual([]);
  });

  it('have no reason that none of them needs', () => {
    const unused = rightsTable().filter((row) => !row.used);
    for (const reason of reasons)
      expect(
        unused.some((right) => isMeant(reason, right)),
        reason.why,
      ).toBe(true);
  });

  it('name kinds and verbs, and never all of them', () => {
    for (const line of grantedRights()) expect(line).not.toContain('*');
    expect(used.map((line) => written(read(line)))).toEqual(used);
  });
});
