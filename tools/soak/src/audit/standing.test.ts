import { describe, expect, it } from 'vitest';
import type { Asked } from '../load.js';
import { PlainWidget } from '../subject/kinds.js';
import { partsOf } from '../subject/parts.js';
import { auditStanding, type Standing } from './standing.js';

const spec = { revision: 7, parts: 1 };
const asked = new Map<string, Asked>([
  ['a', { kind: PlainWidget, name: 'a', spec }],
  ['b', { kind: PlainWidget, name: 'b', spec: undefined }],
]);
const good: Standing = {
  widgets: [{ metadata: { name: 'a', generation: 3 }, status: { observedGeneration: 3, revision: 7 } }],
  parts: partsOf('a', spec),
  accounts: new Map([['a', 7]]),
};

describe('auditStanding', () => {
  it('is content with what was asked for, and with what it does not know', () => {
    const rootCertificates = { metadata: { name: 'kube-root-ca.crt' } };
    expect(auditStanding(asked, { ...good, parts: [...good.parts, rootCertificates] })).toEqual([]);
  });

  it('names what is missing or old', () => {
    const old = partsOf('a', { ...spec, revision: 6 });
    const widgets = [{ metadata: { name: 'a', generation: 3 }, status: { observedGeneration: 2, revision: 6 } }];
    expect(auditStanding(asked, { widgets, parts: old.slice(0, 1), accounts: new Map() })).toEqual([
      'a says revision 6, not 7',
      'part a holds revision 6, not 7',
      'part a-0 holds revision none, not 7',
      'the account of a holds revision none, not 7',
    ]);
  });

  it('names what nobody asked for', () => {
    expect(
      auditStanding(asked, {
        widgets: [...good.widgets, { metadata: { name: 'b' } }],
        parts: [...good.parts, ...partsOf('b', { revision: 1, parts: 0 })],
        accounts: new Map([...good.accounts, ['b', 1]]),
      }),
    ).toEqual(['b is still there', 'part b is still there', 'the account of b is still there']);
  });
});
