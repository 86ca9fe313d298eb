// Every change of the store, in a file, so that what happened between two looks is known: one line each, written in the
// same turn as the change. A server that is killed in between loses a line, never the order.
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';

/** One change of one object. */
export interface JournalEntry {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Plural of the resource. */
  resource: string;
  name: string;
  uid: string;
  /** Of everything but managedFields and resourceVersion. */
  hash: string;
  /** Uid of the controlling owner. */
  owner?: string;
  deleting?: boolean;
  /** What it is a revision of: a widget's spec, a part's data. */
  revision: number;
  parts?: number;
  /** What a widget's status says. */
  observed?: number;
}

/** What is read of an object of any of the kinds. */
export interface JournalObject {
  metadata: {
    name?: string;
    uid?: string;
    deletionTimestamp?: string;
    ownerReferences?: readonly { uid: string; controller?: boolean }[];
  };
}

export function entryOf(type: JournalEntry['type'], resource: string, object: Readonly<JournalObject>): JournalEntry {
  const { metadata, ...rest } = object as Readonly<JournalObject> & {
    spec?: { revision?: number; parts?: number };
    data?: { revision?: string };
    status?: { revision?: number };
  };
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
  const { managedFields: _, resourceVersion: __, ...own } = metadata as Record<string, unknown>;
  return {
    type,
    resource,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    hash: createHash('sha256')
      .update(JSON.stringify([own, rest]))
      .digest('base64url')
      .slice(0, 12),
    revision: rest.spec?.revision ?? Number(rest.data?.revision ?? 0),
    ...(owner === undefined ? {} : { owner }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deleting: true }),
    ...(rest.spec?.parts === undefined ? {} : { parts: rest.spec.parts }),
    ...(rest.status?.revision === undefined ? {} : { observed: rest.status.revision }),
  };
}

export class Journal {
  readonly #file: number;

  constructor(path: string) {
    // A line that a killed server left unfinished ends here.
    if (existsSync(path)) appendFileSync(path, '\n');
    this.#file = openSync(path, 'a');
  }

  write(entry: JournalEntry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

export function readJournal(path: string): JournalEntry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as JournalEntry];
      } catch {
        // Torn by a kill.
        return [];
      }
    });
}
