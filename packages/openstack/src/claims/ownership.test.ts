import { Reason } from '@stackwright/api';
import { describe, expect, it } from 'vitest';
import { claimMark, markedOwner, ownershipOf, refuseForeign, type Ownership } from './ownership.js';
import { Refused } from './refused.js';

const mine = 'ns/mine';
const theirs = 'other/mine';

describe('whose something is', () => {
  it.each<[mark: string | undefined, isProven: boolean, isEmpty: boolean, Ownership]>([
    // A mark decides, whatever else there is.
    [mine, false, false, 'Owned'],
    [mine, false, true, 'Owned'],
    [mine, true, false, 'Owned'],
    [mine, true, true, 'Owned'],
    [theirs, false, false, 'Foreign'],
    [theirs, false, true, 'Foreign'],
    [theirs, true, false, 'Foreign'],
    [theirs, true, true, 'Foreign'],
    // Without one: what only the owner can know, then emptiness.
    [undefined, true, false, 'Owned'],
    [undefined, true, true, 'Owned'],
    [undefined, false, true, 'Adoptable'],
    [undefined, false, false, 'Foreign'],
  ])('marked %s, proven %s, empty %s: %s', (mark, isProven, isEmpty, ownership) => {
    expect(ownershipOf(mine, { mark, isProven, isEmpty })).toBe(ownership);
  });
});

describe('a mark', () => {
  it.each([
    [claimMark(mine), mine],
    [`Nova's, do not touch. ${claimMark(mine)} since 2025`, mine],
    [`${claimMark(mine)}-longer`, `${mine}-longer`],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
    ['stackwright.dev/claim=', undefined],
    [`not-${claimMark(mine)}`, undefined],
  ])('in %o names %s', (text, owner) => {
    expect(markedOwner(text)).toBe(owner);
  });
});

describe('a refusal', () => {
  const words = { reason: Reason.DatabaseTaken, what: 'Database "nova"', claim: 'DatabaseClaim' };
  const refusal = (mark: string | undefined, more: { holds?: string; instead?: string; otherwise?: string } = {}) => {
    const { otherwise, ...rest } = more;
    const remedy = otherwise === undefined ? { handOver: 'MARK IT' } : { otherwise };
    try {
      refuseForeign(mine, { mark, isProven: false, isEmpty: false }, { ...words, ...rest, remedy });
    } catch (error) {
      return error instanceof Refused ? [error.reason, error.message] : error;
    }
    return undefined;
  };

  it('says whose it is, and what helps', () => {
    expect(refusal(theirs)).toEqual([
      'DatabaseTaken',
      `Database "nova" belongs to the DatabaseClaim ${theirs}; choose another name, or if that claim is gone for good: MARK IT`,
    ]);
    expect(refusal(undefined, { holds: 'holds tables' })).toEqual([
      'DatabaseTaken',
      'Database "nova" holds tables and is not of our making; choose another name, or hand it over with: MARK IT',
    ]);
    expect(refusal(undefined, { instead: 'delete it', otherwise: 'leave it' })).toEqual([
      'DatabaseTaken',
      'Database "nova" is not of our making; delete it, or leave it',
    ]);
  });

  it('is none of what is ours, or free', () => {
    expect(refusal(mine)).toBeUndefined();
    expect(() =>
      refuseForeign(mine, { mark: undefined, isProven: false, isEmpty: true }, { ...words, remedy: { otherwise: '' } }),
    ).not.toThrow();
  });
});
