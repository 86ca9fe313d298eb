// What simulated programs know beyond one container: all Pods of one Keystone share its data, as they share its database.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A value that is on the disk as soon as it is saved. Without a file it lives as long as this process. */
export class JsonFile<T extends object> {
  readonly value: T;
  readonly #path: string | undefined;

  constructor(path: string | undefined, empty: T) {
    this.#path = path;
    this.value = (path === undefined ? undefined : (read(path) as T | undefined)) ?? empty;
  }

  save(): void {
    if (this.#path === undefined) return;
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.value, undefined, 2), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** By name, for all containers of a node. */
export class SharedState {
  readonly #directory: string | undefined;
  readonly #values = new Map<string, unknown>();

  /** With a directory, what is made can keep itself there, and is found again by the next process. */
  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  /** The value of this name: whoever asks first makes it. One name always means one type. */
  of<T>(name: string, make: (file: string | undefined) => T): T {
    if (!this.#values.has(name)) {
      const file = `simulated-${name.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.json`;
      this.#values.set(name, make(this.#directory === undefined ? undefined : join(this.#directory, file)));
    }
    return this.#values.get(name) as T;
  }

  /** Those that have been made under names that begin so. */
  startingWith<T>(prefix: string): readonly T[] {
    return [...this.#values].filter(([name]) => name.startsWith(prefix)).map(([, value]) => value as T);
  }
}
