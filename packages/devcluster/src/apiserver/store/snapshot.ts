// The whole state in a file: {"revision":N,"objects":M}, then one ["resource","key",object] a line.
import { closeSync, fsync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { serialize, type ApiObject } from '../json.js';
import type { Change } from './change.js';
import { readLines } from './lines.js';

/** Characters that are written at a time, so that requests are answered in between. */
const PIECE = 256 * 1024;

/** Throws where the file is not whole. */
export function* readSnapshot(path: string): Generator<Change> {
  const lines = readLines(path);
  const first = lines.next();
  const { objects } = JSON.parse((first.done ? undefined : first.value.text) ?? '{}') as { objects?: number };
  let count = 0;
  for (const { text, complete } of lines) {
    if (text === undefined || !complete) break;
    const [resource, key, object] = JSON.parse(text) as [string, string, ApiObject];
    count += 1;
    yield { resource, key, object };
  }
  if (count !== objects) throw new Error(`${path} is damaged: ${count} objects of ${objects ?? 'an unknown number'}`);
}

/** Written beside its place and moved there when it is whole. */
export class SnapshotWriter {
  readonly #path: string;
  readonly #objects: Iterator<Change>;
  /** Absent before the first piece and after the last. */
  #file: number | undefined;
  #next: string;
  #size = 0;
  #ended = false;

  constructor(path: string, revision: number, objects: readonly Change[]) {
    this.#path = path;
    this.#objects = objects[Symbol.iterator]();
    this.#next = `${JSON.stringify({ revision, objects: objects.length })}\n`;
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** Piece by piece, unless `finish` is faster. */
  async write(): Promise<void> {
    try {
      while (!this.#ended && this.#piece()) await turn();
      if (this.#ended || this.#file === undefined) return;
      await promisify(fsync)(this.#file).catch((error: unknown) => {
        if (!this.#ended) throw error;
      });
      this.#end();
    } finally {
      this.#close();
    }
  }

  /** All that is left, at once. */
  finish(): void {
    while (!this.#ended && this.#piece());
    if (this.#ended || this.#file === undefined) return;
    fsyncSync(this.#file);
    this.#end();
  }

  /** False when nothing is left. */
  #piece(): boolean {
    this.#file ??= openSync(`${this.#path}.tmp`, 'w', 0o600);
    let item = this.#objects.next();
    for (; !item.done; item = this.#objects.next()) {
      const { resource, key, object } = item.value;
      this.#next += `[${JSON.stringify(resource)},${JSON.stringify(key)},${serialize(object as ApiObject)}]\n`;
      if (this.#next.length > PIECE) break;
    }
    const bytes = Buffer.from(this.#next);
    for (let written = 0; written < bytes.length;) written += writeSync(this.#file, bytes, written);
    this.#size += bytes.length;
    this.#next = '';
    return !item.done;
  }

  #end(): void {
    if (this.#ended) return;
    this.#close();
    renameSync(`${this.#path}.tmp`, this.#path);
  }

  #close(): void {
    this.#ended = true;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
