// Reads the whole state of a resource, over a watch or as a list, whichever the server knows.
import { isConnectionFailed, qualifiedName, type KubeObject, type Resource } from '@stackwright/kube';
import type { Logger } from '../log.js';
import type { Position } from './position.js';
import type { StateList } from './state-list.js';
import { streamState, type StateStreamOptions, type StreamEnd } from './state-stream.js';
import { saysNothingOfStreams, type WatchEnd } from './watch-end.js';

export interface StateReaderOptions<T extends KubeObject> extends StateStreamOptions<T> {
  resource: Resource<T>;
  log: Logger;
  position: Position;
  list: StateList<T>;
  /** Qualified names of resources whose server was found not to stream their state; shared by the reflectors of a process. */
  listedOnly: Set<string>;
}

/** After so many streams of the state in a row that broke, a list is tried: a proxy may not let long answers through. */
const streamAttempts = 3;

export class StateReader<T extends KubeObject> {
  readonly #options: StateReaderOptions<T>;
  #brokenStreams = 0;
  #silences = 0;

  constructor(options: StateReaderOptions<T>) {
    this.#options = options;
  }

  /**
   * Hands the state to `replace`. Where it came over a watch, that goes on with what happens next, and its end is what this
   * resolves with. Rejects when there was no state.
   */
  async read(signal: AbortSignal): Promise<WatchEnd | undefined> {
    const { listedOnly, resource, position } = this.#options;
    const name = qualifiedName(resource);
    if (listedOnly.has(name)) return this.#list(signal);
    const end = await streamState(this.#options, signal);
    if (end.complete || signal.aborted) {
      this.#brokenStreams = 0;
      this.#silences = 0;
      return end;
    }
    if (end.reason === 'behind' || (end.reason === 'expired' && position.lost())) return this.read(signal);
    return this.#listInstead(end, signal);
  }

  async #listInstead(end: StreamEnd, signal: AbortSignal): Promise<undefined> {
    const { listedOnly, resource, log } = this.#options;
    const name = qualifiedName(resource);
    const error =
      end.error instanceof Error ? end.error : new Error(`The watch of ${name} ended before it had told the state`);
    if (isConnectionFailed(error)) this.#brokenStreams++;
    if (saysNothingOfStreams(error) && this.#brokenStreams < streamAttempts) throw error;
    await this.#list(signal);
    this.#brokenStreams = 0;
    // What lists and does not stream, does not know how to. Silence may have been a server that was busy, once.
    const sure = end.silent ? ++this.#silences > 1 : !saysNothingOfStreams(error);
    if (!sure) return;
    listedOnly.add(name);
    log.debug({ resource: name, err: error }, 'Server does not stream the state, it is listed from now on');
  }

  async #list(signal: AbortSignal): Promise<undefined> {
    const { objects, resourceVersion } = await this.#options.list.read(signal);
    await this.#options.replace(objects, resourceVersion);
  }
}
