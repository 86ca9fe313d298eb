// The state of a resource as a list: in pages where the server makes them, in one piece where it has it in memory.
import { isGone, type Client, type KubeObject, type ListOptions, type Resource } from '@stackwright/kube';
import type { Position } from './position.js';
import { isVersionTooLarge } from './watch-end.js';
import type { Selection } from './watcher.js';

export interface StateListOptions<T extends KubeObject> {
  client: Client;
  resource: Resource<T>;
  selection: Selection;
  position: Position;
  /** Called with every object as it comes off the wire: a long list is never held untrimmed. */
  transform: (object: T) => T;
}

export interface ListedState<T extends KubeObject> {
  objects: T[];
  resourceVersion: string;
}

/** Everything in one answer. */
const whole = { limit: 0 };

export class StateList<T extends KubeObject> {
  readonly #options: StateListOptions<T>;
  /** The server makes pages although any state would have done: it has none in memory. */
  #paged = false;

  constructor(options: StateListOptions<T>) {
    this.#options = options;
  }

  /** At least as new as the copy. Rejects with what the server or the way to it says. */
  async read(signal: AbortSignal): Promise<ListedState<T>> {
    const { position } = this.#options;
    try {
      return await this.#pages(signal, this.#first(position.ofList));
    } catch (error) {
      if (!isGone(error) && !isVersionTooLarge(error)) throw error;
      if (!position.lost()) throw error;
      return this.#pages(signal, this.#first(position.ofList));
    }
  }

  /**
   * A server takes a resourceVersion together with a page size for exactly that version, which it may have forgotten, and which
   * shows nothing that was missed. Without a page size it gives what it has in memory, if that is not older; where it
   * has nothing there, "not older" must be said.
   */
  #first(resourceVersion: string): ListOptions {
    if (resourceVersion === '' || resourceVersion === '0') return { resourceVersion };
    return this.#paged ? { resourceVersion, resourceVersionMatch: 'NotOlderThan' } : { resourceVersion, ...whole };
  }

  async #pages(signal: AbortSignal, first: ListOptions): Promise<ListedState<T>> {
    const { client, resource, selection, transform } = this.#options;
    const objects: T[] = [];
    let page = await client.list(resource, { ...selection, signal, ...first });
    if (first.resourceVersion === '0') this.#paged = Boolean(page.metadata.continue);
    for (;;) {
      for (const item of page.items) objects.push(transform(item));
      const next = page.metadata.continue;
      if (!next) break;
      try {
        page = await client.list(resource, { ...selection, signal, continue: next });
      } catch (error) {
        if (!isGone(error)) throw error;
        // The snapshot behind the pages was gone before the last of them, and would be again.
        objects.length = 0;
        page = await client.list(resource, { ...selection, signal, ...first, ...whole });
      }
    }
    signal.throwIfAborted();
    return { objects, resourceVersion: page.metadata.resourceVersion ?? '' };
  }
}
