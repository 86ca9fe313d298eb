import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../server/journal.js';
import { auditWrites } from './written.js';

const widget = (revision: number, parts: number, more: Partial<JournalEntry> = {}): JournalEntry => ({
  type: 'MODIFIED',
  resource: 'plainwidgets',
  name: 'w',
  uid: 'w1',
  hash: `w${revision}`,
  revision,
  parts,
  observed: 1,
  ...more,
});
const part = (name: string, revision: number, more: Partial<JournalEntry> = {}): JournalEntry => ({
  type: 'MODIFIED',
  resource: 'configmaps',
  name,
  uid: `${name}-uid`,
  hash: `${name}${revision}`,
  revision,
  owner: 'w1',
  ...more,
});
const made: JournalEntry[] = [
  widget(1, 2, { type: 'ADDED', observed: 0 }),
  part('w', 1, { type: 'ADDED' }),
  part('w-0', 1, { type: 'ADDED' }),
  part('w-1', 1, { type: 'ADDED' }),
  widget(1, 2, { hash: 'with status' }),
];

describe('auditWrites', () => {
  it('has nothing to say of what goes as it should', () => {
    const fewer = [widget(2, 1), part('w-1', 1, { type: 'DELETED' }), part('w', 2), part('w-0', 2)];
    const ended = [
      widget(2, 1, { hash: 'deleting', deleting: true }),
      widget(2, 1, { type: 'DELETED', deleting: true }),
      part('w', 2, { type: 'DELETED' }),
      part('w-0', 2, { type: 'DELETED' }),
    ];
    expect(auditWrites([...made, ...fewer, ...ended])).toEqual([]);
  });

  it('finds what was written twice', () => {
    expect(auditWrites([...made, part('w', 1)])).toEqual(['configmaps w: revision 1 was written twice']);
  });

  it('finds what was written over something newer, a status too', () => {
    expect(auditWrites([...made, part('w', 3), part('w', 2)])).toEqual(['configmaps w: revision 2 was written over 3']);
    expect(auditWrites([...made, widget(2, 2, { hash: 'late', observed: 0 })])).toEqual([
      'plainwidgets w: its status went back from 1 to 0',
    ]);
  });

  it('finds what was deleted although it was wanted all the time', () => {
    const deleted = part('w-1', 1, { type: 'DELETED' });
    const found = ['configmaps w-1 was deleted although it was wanted all the time'];
    expect(auditWrites([...made, deleted])).toEqual(found);
    expect(auditWrites([...made, part('w', 1, { type: 'DELETED' })])).toHaveLength(1);
    // Who is late may still act upon what was wanted a moment ago.
    expect(auditWrites([...made, widget(2, 1), widget(3, 2), deleted])).toEqual([]);
    // What was unwanted before it was made is no excuse.
    expect(auditWrites([widget(0, 0, { type: 'ADDED', observed: 0 }), ...made, deleted])).toEqual(found);
  });
});
