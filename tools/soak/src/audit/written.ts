// What the journal says of the writers: nothing was written twice, nothing old over something new, nothing deleted that was
// wanted.
import type { JournalEntry } from '../server/journal.js';

interface Known {
  uid: string;
  hash: string;
  revision: number;
  observed: number;
  /** Where in the journal it came to be. */
  since: number;
}

interface Wants {
  at: number;
  parts: number;
  deleting: boolean;
}

/** Findings, in words; none is as it should be. */
export function auditWrites(entries: readonly JournalEntry[]): string[] {
  const findings: string[] = [];
  const known = new Map<string, Known>();
  /** What each widget asked for, and when; by uid. */
  const wants = new Map<string, Wants[]>();
  entries.forEach((entry, at) => {
    const { type, resource, name, uid, owner, revision } = entry;
    const what = `${resource} ${name}`;
    const key = `${resource}/${name}`;
    const before = known.get(key);
    if (entry.parts !== undefined) {
      const asked = wants.get(uid) ?? [];
      const deleting = type === 'DELETED' || entry.deleting === true;
      const last = asked.at(-1);
      if (last?.parts !== entry.parts || last.deleting !== deleting) asked.push({ at, parts: entry.parts, deleting });
      wants.set(uid, asked);
    }
    if (type === 'DELETED') {
      known.delete(key);
      // What the garbage collector takes has lost its owner; what a controller takes must be unwanted.
      if (owner !== undefined && before && !wasUnwanted(wants.get(owner), name, before.since))
        findings.push(`${what} was deleted although it was wanted all the time`);
      return;
    }
    if (before?.uid === uid) {
      if (before.hash === entry.hash) findings.push(`${what}: revision ${revision} was written twice`);
      if (revision < before.revision)
        findings.push(`${what}: revision ${revision} was written over ${before.revision}`);
      if (!entry.deleting && (entry.observed ?? 0) < before.observed)
        findings.push(`${what}: its status went back from ${before.observed} to ${entry.observed ?? 0}`);
    }
    known.set(key, {
      uid,
      hash: entry.hash,
      revision,
      observed: entry.observed ?? 0,
      since: before?.uid === uid ? before.since : at,
    });
  });
  return findings;
}

/** Whether at any time since `since` the widget did not ask for the part. */
function wasUnwanted(asked: readonly Wants[] | undefined, part: string, since: number): boolean {
  // The widget's own part has no number: only its end makes it unwanted.
  const index = Number(/-(\d+)$/.exec(part)?.[1] ?? -1);
  if (!asked) return true;
  return asked.some(({ parts, deleting }, position) => {
    const until = asked[position + 1]?.at ?? Infinity;
    return until > since && (deleting || parts <= index);
  });
}
