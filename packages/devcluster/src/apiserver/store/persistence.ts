// The store on disk: snapshots, and logs of what came after. A change is appended before it is acknowledged, so the
// death of the process loses nothing acknowledged. (The machine's death may lose what the kernel had not yet written:
// logs are flushed to the disk only when they are rotated or closed.)
//
//   snapshot-<revision>.jsonl   {"revision":N,"objects":M}, then one ["resource","key",object] a line
//   log-<revision>.jsonl        one transaction a line: [[revision,"resource","key",object|null],…], all > <revision>
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { serialize, type ApiObject } from '../json.js';
import type { Change, Committed } from './change.js';

export interface SavedState {
  snapshotRevision: number;
  snapshot: readonly Change[];
  log: readonly Committed[];
}

export interface Persistence {
  load(): SavedState | undefined;
  /** Durable against the death of the process when it returns; throws when it is not, and has then changed nothing. */
  append(transaction: readonly Committed[]): void;
  /** Called after every transaction; starts a snapshot when it is time for one. */
  compact(revision: number, state: () => readonly Change[]): void;
  close(): Promise<void>;
}

export interface DiskOptions {
  directory: string;
  /** Bytes of log after which a new snapshot is written. Default 16 MiB. */
  compactAfter?: number;
}

type LogLine = [revision: number, resource: string, key: string, object: ApiObject | null][];

export class DiskPersistence implements Persistence {
  readonly #directory: string;
  readonly #compactAfter: number;
  #log: number | undefined;
  #size = 0;
  /** The size of the last snapshot: a state that is rewritten costs as much, so the log may grow to it. */
  #snapshotSize = 0;
  #compacting: Promise<void> | undefined;

  constructor(options: DiskOptions) {
    this.#directory = options.directory;
    this.#compactAfter = options.compactAfter ?? 16 * 1024 * 1024;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  load(): SavedState | undefined {
    for (const name of readdirSync(this.#directory)) {
      if (name.endsWith('.tmp')) rmSync(join(this.#directory, name));
    }
    const snapshotRevision = this.#revisions('snapshot').at(-1);
    const snapshot = snapshotRevision === undefined ? [] : this.#readSnapshot(snapshotRevision);
    // A snapshot of revision N replaces the logs begun before N; those begun at N or later are still needed.
    const from = snapshotRevision ?? 1;
    const logs = this.#revisions('log');
    const log: Committed[] = [];
    for (const [index, revision] of logs.entries()) {
      for (const change of this.#readLog(revision, index === logs.length - 1)) {
        if (change.revision > from) log.push(change);
      }
    }
    const current = logs.at(-1);
    this.#openLog(current ?? from);
    if (current !== undefined) this.#removeBefore(from);
    return snapshotRevision === undefined && log.length === 0 ? undefined : { snapshotRevision: from, snapshot, log };
  }

  append(transaction: readonly Committed[]): void {
    if (this.#log === undefined) throw new Error('the state directory is closed');
    const changes = transaction.map(
      (change) =>
        `[${change.revision},${JSON.stringify(change.resource)},${JSON.stringify(change.key)},${change.object ? serialize(change.object) : 'null'}]`,
    );
    const line = Buffer.from(`[${changes.join(',')}]\n`);
    try {
      let written = 0;
      while (written < line.length) written += writeSync(this.#log, line, written);
    } catch (error) {
      // Half a line must not be there when the next one is appended.
      ftruncateSync(this.#log, this.#size);
      throw error;
    }
    this.#size += line.length;
  }

  compact(revision: number, state: () => readonly Change[]): void {
    if (this.#compacting || this.#log === undefined || this.#size < Math.max(this.#compactAfter, this.#snapshotSize))
      return;
    const old = this.#log;
    this.#openLog(revision);
    this.#compacting = this.#writeSnapshot(revision, state())
      .then(() => this.#removeBefore(revision))
      // The old logs still hold everything; the next rotation tries again.
      .catch((error: unknown) => process.emitWarning(`snapshot of the state failed: ${String(error)}`))
      .finally(() => {
        fsyncSync(old);
        closeSync(old);
        this.#compacting = undefined;
      });
  }

  async close(): Promise<void> {
    await this.#compacting;
    if (this.#log === undefined) return;
    fsyncSync(this.#log);
    closeSync(this.#log);
    this.#log = undefined;
  }

  async #writeSnapshot(revision: number, objects: readonly Change[]): Promise<void> {
    const path = this.#path('snapshot', revision);
    const file = await open(`${path}.tmp`, 'w', 0o600);
    try {
      let size = 0;
      let chunk = `${JSON.stringify({ revision, objects: objects.length })}\n`;
      for (const { resource, key, object } of objects) {
        chunk += `[${JSON.stringify(resource)},${JSON.stringify(key)},${serialize(object as ApiObject)}]\n`;
        // Written in pieces, so that requests are answered in between.
        if (chunk.length > 256 * 1024) {
          size += (await file.write(chunk)).bytesWritten;
          chunk = '';
        }
      }
      size += (await file.write(chunk)).bytesWritten;
      await file.sync();
      this.#snapshotSize = size;
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
  }

  #readSnapshot(revision: number): Change[] {
    const path = this.#path('snapshot', revision);
    const lines = readFileSync(path, 'utf8').split('\n');
    this.#snapshotSize = fileSize(path);
    const header = JSON.parse(lines[0] ?? '') as { objects: number };
    const objects = lines.slice(1, -1).map((line): Change => {
      const [resource, key, object] = JSON.parse(line) as [string, string, ApiObject];
      return { resource, key, object };
    });
    if (objects.length !== header.objects)
      throw new Error(`${path} is damaged: ${objects.length} objects of ${header.objects}`);
    return objects;
  }

  #readLog(revision: number, last: boolean): Committed[] {
    const path = this.#path('log', revision);
    const content = readFileSync(path);
    // What follows the last newline is a change that was never acknowledged.
    const end = content.lastIndexOf(0x0a) + 1;
    if (end < content.length) {
      if (!last) throw new Error(`${path} is damaged: its last line is torn`);
      truncateSync(path, end);
    }
    const changes: Committed[] = [];
    for (const [index, line] of content.toString('utf8', 0, end).split('\n').entries()) {
      if (line === '') continue;
      let transaction: LogLine;
      try {
        transaction = JSON.parse(line) as LogLine;
      } catch (error) {
        throw new Error(`${path}:${index + 1} is damaged`, { cause: error });
      }
      for (const [at, resource, key, object] of transaction) {
        changes.push({ revision: at, resource, key, ...(object ? { object } : {}) });
      }
    }
    return changes;
  }

  #openLog(revision: number): void {
    this.#log = openSync(this.#path('log', revision), 'a', 0o600);
    this.#size = fstatSync(this.#log).size;
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

function fileSize(path: string): number {
  const file = openSync(path, 'r');
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}
