// The store on disk: snapshots, and logs of what came after. A change is appended before it is acknowledged, so the
// death of the process loses nothing acknowledged. (The machine's death may lose what the kernel had not yet written:
// logs are flushed to the disk only when they are rotated or closed.)
//
//   snapshot-<revision>.jsonl   see snapshot.ts
//   log-<revision>.jsonl        one transaction a line: [[revision,"resource","key",object|null],…], all > <revision>
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { serialize, type ApiObject } from '../json.js';
import type { Change, Committed } from './change.js';
import { readLines } from './lines.js';
import { readSnapshot, SnapshotWriter } from './snapshot.js';

/** What takes in the state that was saved, in this order. */
export interface Restoration {
  /** Everything up to this revision is known as state only, not as events. */
  begin(revision: number): void;
  object(change: Change): void;
  commit(change: Committed): void;
}

export interface Persistence {
  load(into: Restoration): void;
  /** Durable against the death of the process when it returns; throws when it is not, and has then changed nothing. */
  append(transaction: readonly Committed[]): void;
  /** Called after every transaction; starts a snapshot when it is time for one. */
  compact(revision: number, state: () => readonly Change[]): void;
  close(): Promise<void>;
}

export interface DiskOptions {
  directory: string;
  /**
   * Bytes of log after which a new snapshot is written. Default 16 MiB. A larger state may have as much log as it has
   * bytes: to write it costs as much. No log grows to more than twice that, and a transaction.
   */
  compactAfter?: number;
}

type LogLine = [revision: number, resource: string, key: string, object: ApiObject | null][];

export class DiskPersistence implements Persistence {
  readonly #directory: string;
  readonly #compactAfter: number;
  #log: number | undefined;
  #size = 0;
  /** What was last written to the log may be there in part. */
  #torn = false;
  #snapshotSize = 0;
  /** Bytes of log before which no rotation is tried again, after one that failed. */
  #postponed = 0;
  #compacting: { writer: SnapshotWriter; done: Promise<void> } | undefined;

  constructor(options: DiskOptions) {
    this.#directory = options.directory;
    this.#compactAfter = options.compactAfter ?? 16 * 1024 * 1024;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  load(into: Restoration): void {
    for (const name of readdirSync(this.#directory)) {
      if (name.endsWith('.tmp')) rmSync(join(this.#directory, name));
    }
    const snapshotRevision = this.#revisions('snapshot').at(-1);
    const from = snapshotRevision ?? 1;
    into.begin(from);
    if (snapshotRevision !== undefined) {
      const path = this.#path('snapshot', snapshotRevision);
      for (const change of readSnapshot(path)) into.object(change);
      this.#snapshotSize = statSync(path).size;
    }
    // A snapshot of revision N replaces the logs begun before N; those begun at N or later are still needed.
    const logs = this.#revisions('log');
    for (const [index, revision] of logs.entries()) {
      for (const change of this.#readLog(revision, index === logs.length - 1)) {
        if (change.revision > from) into.commit(change);
      }
    }
    const current = logs.at(-1);
    this.#openLog(current ?? from);
    if (current !== undefined) this.#removeBefore(from);
  }

  append(transaction: readonly Committed[]): void {
    if (this.#log === undefined) throw new Error('the state directory is closed');
    const changes = transaction.map(
      (change) =>
        `[${change.revision},${JSON.stringify(change.resource)},${JSON.stringify(change.key)},${change.object ? serialize(change.object) : 'null'}]`,
    );
    const line = Buffer.from(`[${changes.join(',')}]\n`);
    this.#mend(this.#log);
    this.#torn = true;
    try {
      for (let written = 0; written < line.length;) written += writeSync(this.#log, line, written);
      this.#torn = false;
    } finally {
      this.#mend(this.#log);
    }
    this.#size += line.length;
  }

  compact(revision: number, state: () => readonly Change[]): void {
    const full = Math.max(this.#compactAfter, this.#snapshotSize);
    if (this.#log === undefined || this.#size < Math.max(full, this.#postponed)) return;
    // Writers that leave no time for a snapshot to be written wait for it: otherwise the log would grow without end.
    if (this.#compacting && this.#size < 2 * full) return;
    try {
      this.#compacting?.writer.finish();
    } catch (error) {
      warn(error);
    }
    const [old, before] = [this.#log, this.#compacting?.done];
    try {
      this.#openLog(revision);
    } catch (error) {
      // What was written is durable in the log there is: nobody is told that it failed. A later change tries again.
      this.#postponed = this.#size + full;
      warn(error);
      return;
    }
    this.#postponed = 0;
    const writer = new SnapshotWriter(this.#path('snapshot', revision), revision, state());
    this.#compacting = { writer, done: this.#complete(writer, revision, old, before) };
  }

  async close(): Promise<void> {
    await this.#compacting?.done;
    if (this.#log === undefined) return;
    fsyncSync(this.#log);
    closeSync(this.#log);
    this.#log = undefined;
  }

  /** Half a line must not be there when the next one is appended. */
  #mend(log: number): void {
    if (!this.#torn) return;
    ftruncateSync(log, this.#size);
    this.#torn = false;
  }

  async #complete(
    writer: SnapshotWriter,
    revision: number,
    old: number,
    before: Promise<void> | undefined,
  ): Promise<void> {
    try {
      await writer.write();
      await before;
      this.#snapshotSize = writer.size;
      this.#removeBefore(revision);
    } catch (error) {
      // The old logs still hold everything; the next rotation tries again.
      warn(error);
    } finally {
      fsyncSync(old);
      closeSync(old);
      if (this.#compacting?.writer === writer) this.#compacting = undefined;
    }
  }

  *#readLog(revision: number, last: boolean): Generator<Committed> {
    const path = this.#path('log', revision);
    let damaged: { number: number; offset: number; cause: unknown } | undefined;
    let inside = false;
    for (const { text, number, offset, complete } of readLines(path)) {
      let transaction: LogLine;
      try {
        // What follows the last newline is a change that was never acknowledged.
        if (text === undefined || !complete) throw new Error('the line is torn');
        transaction = text === '' ? [] : (JSON.parse(text) as LogLine);
      } catch (cause) {
        damaged ??= { number, offset, cause };
        continue;
      }
      inside = damaged !== undefined;
      if (inside) break;
      for (const [at, resource, key, object] of transaction) {
        yield { revision: at, resource, key, ...(object ? { object } : {}) };
      }
    }
    if (!damaged) return;
    if (inside || !last) throw new Error(`${path}:${damaged.number} is damaged`, { cause: damaged.cause });
    // The end of what a dying process or machine wrote: nothing whole follows it.
    const lost = statSync(path).size - damaged.offset;
    process.emitWarning(`${path}:${damaged.number} was not written to its end: ${lost} bytes are dropped`);
    truncateSync(path, damaged.offset);
  }

  #openLog(revision: number): void {
    const log = openSync(this.#path('log', revision), 'a', 0o600);
    this.#size = fstatSync(log).size;
    this.#log = log;
  }

  #removeBefore(revision: number): void {
    for (const kind of ['snapshot', 'log'] as const) {
      for (const old of this.#revisions(kind)) if (old < revision) rmSync(this.#path(kind, old), { force: true });
    }
  }

  #revisions(kind: 'snapshot' | 'log'): number[] {
    const pattern = new RegExp(`^${kind}-(\\d+)\\.jsonl$`);
    return readdirSync(this.#directory)
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  #path(kind: 'snapshot' | 'log', revision: number): string {
    return join(this.#directory, `${kind}-${revision}.jsonl`);
  }
}

function warn(error: unknown): void {
  process.emitWarning(`snapshot of the state failed: ${String(error)}`);
}
