// All objects of the cluster, in memory, under one revision counter. Writes are synchronous: what was read in the same
// turn of the event loop cannot have changed underneath. Stored objects are frozen and never change in place.
import { deepFreeze, type ApiObject } from '../json.js';
import type { Change, Committed } from './change.js';
import { History, type StoreEvent } from './history.js';
import type { Persistence } from './persistence.js';

export interface StoreOptions {
  persistence?: Persistence;
  /** Events remembered per resource. Default 1000. */
  historyLimit?: number;
}

interface Table {
  objects: Map<string, ApiObject>;
  history: History;
  /** The keys in order, until one is added or removed. */
  sorted: string[] | undefined;
}

export class Store {
  readonly #tables = new Map<string, Table>();
  readonly #persistence: Persistence | undefined;
  readonly #historyLimit: number;
  readonly #listeners = new Set<(resource: string, event: StoreEvent) => void>();
  /** Revisions up to this one are known as state only, not as events. A real cluster's first is not 0, which means "any". */
  #floor = 1;
  #revision = 1;

  constructor(options: StoreOptions = {}) {
    this.#historyLimit = options.historyLimit ?? 1000;
    this.#persistence = options.persistence;
    this.#persistence?.load({
      begin: (revision) => (this.#floor = this.#revision = revision),
      object: ({ resource, key, object }) => {
        if (object) this.#table(resource).objects.set(key, deepFreeze(object));
      },
      commit: (change) => {
        this.#revision = change.revision;
        this.#apply(change);
      },
    });
  }

  /** The revision of the last change. */
  get revision(): number {
    return this.#revision;
  }

  get(resource: string, key: string): ApiObject | undefined {
    return this.#tables.get(resource)?.objects.get(key);
  }

  /** In the order of the keys. */
  list(resource: string, namespace?: string): ApiObject[] {
    const table = this.#tables.get(resource);
    if (!table) return [];
    const prefix = namespace === undefined ? '' : `${namespace}/`;
    const objects: ApiObject[] = [];
    for (const key of sortedKeys(table)) {
      if (key.startsWith(prefix)) objects.push(table.objects.get(key) as ApiObject);
    }
    return objects;
  }

  /** The state as it was at `revision`; undefined when that is forgotten. */
  listAt(resource: string, revision: number, namespace?: string): ApiObject[] | undefined {
    const undo = this.history(resource).since(revision);
    if (!undo) return undefined;
    if (undo.length === 0) return this.list(resource, namespace);
    const objects = new Map(this.#table(resource).objects);
    for (const event of [...undo].reverse()) {
      if (event.previous) objects.set(event.key, event.previous);
      else objects.delete(event.key);
    }
    const prefix = namespace === undefined ? '' : `${namespace}/`;
    return [...objects.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort(compare)
      .map((key) => objects.get(key) as ApiObject);
  }

  /** Names of the resources that have objects. */
  resources(): string[] {
    return [...this.#tables].filter(([, table]) => table.objects.size > 0).map(([resource]) => resource);
  }

  history(resource: string): History {
    return this.#table(resource).history;
  }

  /** Called for every event, synchronously, after it is durable. */
  subscribe(listener: (resource: string, event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(resource: string, key: string, object: ApiObject): ApiObject {
    return this.commit([{ resource, key, object }])[0] as ApiObject;
  }

  delete(resource: string, key: string): ApiObject {
    return this.commit([{ resource, key }])[0] as ApiObject;
  }

  /**
   * All changes or none, durable (against the death of this process) when it returns. Returns the objects with their
   * resourceVersion; of deleted ones the last state with the revision of the deletion.
   */
  commit(changes: readonly Change[]): ApiObject[] {
    for (const { resource, key, object } of changes) {
      if (!object && !this.get(resource, key)) throw new Error(`${resource} "${key}" is not in the store`);
    }
    let revision = this.#revision;
    const committed = changes.map((change): Committed => {
      revision += 1;
      const { resource, key, object } = change;
      return { resource, key, revision, ...(object ? { object: deepFreeze(withRevision(object, revision)) } : {}) };
    });
    this.#persistence?.append(committed);
    this.#revision = revision;
    const events = committed.map((change) => ({ resource: change.resource, event: this.#apply(change) }));
    for (const resource of new Set(events.map((entry) => entry.resource))) this.#table(resource).history.notify();
    for (const { resource, event } of events) for (const listener of [...this.#listeners]) listener(resource, event);
    this.#persistence?.compact(this.#revision, () => this.#snapshot());
    return events.map((entry) => entry.event.object);
  }

  /** Writes what is left and closes the files. */
  async close(): Promise<void> {
    await this.#persistence?.close();
  }

  #apply(change: Committed): StoreEvent {
    const table = this.#table(change.resource);
    const previous = table.objects.get(change.key);
    const object = change.object ?? deepFreeze(withRevision(previous as ApiObject, change.revision));
    if (change.object) table.objects.set(change.key, deepFreeze(change.object));
    else table.objects.delete(change.key);
    if (!change.object || !previous) table.sorted = undefined;
    const event: StoreEvent = {
      type: change.object ? (previous ? 'MODIFIED' : 'ADDED') : 'DELETED',
      revision: change.revision,
      key: change.key,
      object,
      ...(previous ? { previous } : {}),
    };
    table.history.record(event);
    return event;
  }

  #snapshot(): Change[] {
    const state: Change[] = [];
    for (const [resource, table] of this.#tables) {
      for (const [key, object] of table.objects) state.push({ resource, key, object });
    }
    return state;
  }

  #table(resource: string): Table {
    let table = this.#tables.get(resource);
    if (!table) {
      table = { objects: new Map(), history: new History(this.#floor, this.#historyLimit), sorted: undefined };
      this.#tables.set(resource, table);
    }
    return table;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function sortedKeys(table: Table): readonly string[] {
  return (table.sorted ??= [...table.objects.keys()].sort(compare));
}

function withRevision(object: ApiObject, revision: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}
