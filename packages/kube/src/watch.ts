// A watch is one long answer: a JSON event per line. This file reads it; what to do when it ends is the caller's policy.
import type { IncomingMessage } from 'node:http';
import type { WatchEvent, WatchOptions } from './client.js';
import { isConnectionFailed } from './errors.js';
import { connectionFailed, errorOfStatus, invalidResponse, isStatus, timedOut } from './failures.js';
import type { KubeObject } from './meta.js';
import { acceptOf, onlyMetadata } from './partial.js';
import { pathOf, type Resource } from './resource.js';
import type { Transport } from './transport.js';
import { queryOf } from './query.js';

/** Bookmarks come about once a minute: after two that did not come, nobody is there. */
const defaultIdleTimeout = 120_000;
/** Far above the largest object that etcd takes: a longer line is not a watch event. */
const defaultMaxLine = 16 * 1024 * 1024;
const newline = 0x0a;

export interface WatchLimits {
  /** Bytes of one event. Default 16 MiB. */
  maxLine?: number;
}

/** Ends without an error when the signal is aborted, and yields nothing after it. */
export async function* watch<T extends KubeObject>(
  transport: Transport,
  resource: Resource<T>,
  options: WatchOptions = {},
  limits: WatchLimits = {},
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const path = pathOf(resource, options.namespace === undefined ? {} : { namespace: options.namespace });
  const what = `watch of ${transport.connection.server}${path}`;
  const { signal } = options;
  const idleTimeout = options.idleTimeout ?? defaultIdleTimeout;
  if (signal?.aborted) return;

  let response: IncomingMessage;
  try {
    // Some servers and proxies send the headers only with the first event: waiting for them is part of being idle.
    response = await transport.open({
      method: 'GET',
      verb: 'watch',
      path: path + watchQuery(options),
      accept: acceptOf(resource, 'PartialObjectMetadata'),
      signal,
      timeout: idleTimeout,
    });
  } catch (error) {
    if (signal?.aborted) return;
    throw error;
  }

  const lines = new LineSplitter(limits.maxLine ?? defaultMaxLine);
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const chunk = await nextWithin(chunks, idleTimeout, response, what);
      if (signal?.aborted) return;
      if (chunk === undefined) break;
      for (const line of lines.push(chunk)) {
        if (line === undefined)
          throw invalidResponse(what, `an event is longer than ${limits.maxLine ?? defaultMaxLine} bytes`);
        const event = eventOf<T>(what, line);
        if (signal?.aborted) return;
        if (event)
          yield resource.metadataOnly && event.type !== 'BOOKMARK'
            ? { ...event, object: onlyMetadata(resource, event.object) }
            : event;
      }
    }
    if (lines.pending > 0) throw invalidResponse(what, `the last event is cut off after ${lines.pending} bytes`);
  } catch (error) {
    if (signal?.aborted) return;
    if (isConnectionFailed(error)) transport.distrust();
    throw error;
  } finally {
    response.destroy();
  }
}

/** Waiting counts, not reading: a consumer that takes its time over an event is not a dead server. */
async function nextWithin(
  chunks: AsyncIterator<Buffer>,
  idleTimeout: number,
  response: IncomingMessage,
  what: string,
): Promise<Buffer | undefined> {
  let idle = false;
  const timer = setTimeout(
    () => {
      idle = true;
      response.destroy();
    },
    Math.min(idleTimeout, 2 ** 31 - 1),
  );
  try {
    const next = await chunks.next();
    return next.done ? undefined : next.value;
  } catch (cause) {
    throw idle ? timedOut(what, `not a byte within ${idleTimeout} ms`) : connectionFailed(what, cause);
  } finally {
    clearTimeout(timer);
  }
}

function watchQuery(options: WatchOptions): string {
  return queryOf({
    watch: true,
    allowWatchBookmarks: options.allowWatchBookmarks ?? true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch ?? (options.sendInitialEvents ? 'NotOlderThan' : undefined),
    sendInitialEvents: options.sendInitialEvents,
    timeoutSeconds: options.timeoutSeconds,
  });
}

function eventOf<T extends KubeObject>(what: string, line: string): WatchEvent<T> | undefined {
  if (line.trim() === '') return undefined;
  let event: { type?: string; object?: T } | null;
  try {
    event = JSON.parse(line) as typeof event;
  } catch (cause) {
    throw invalidResponse(what, 'an event is not JSON', cause);
  }
  const { type, object } = event ?? {};
  if (typeof object !== 'object' || object === null)
    throw invalidResponse(what, `an event without an object (${type})`);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object };
    case 'BOOKMARK':
      return {
        type,
        resourceVersion: object.metadata?.resourceVersion ?? '',
        initialEventsEnd: object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true',
      };
    case 'ERROR':
      throw isStatus(object) ? errorOfStatus(what, object) : invalidResponse(what, 'an ERROR event without a Status');
    default:
      throw invalidResponse(what, `an event of unknown type ${type}`);
  }
}

/** Bytes to lines. A character or a line may be spread over chunks; only whole lines are decoded. */
class LineSplitter {
  readonly #max: number;
  #parts: Buffer[] = [];
  /** Bytes of the line that has not ended yet. */
  pending = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The lines that end in this chunk; undefined for the one that is too long, which is the last. */
  *push(chunk: Buffer): Generator<string | undefined, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      if (this.pending + end - start > this.#max) return yield undefined;
      if (this.pending === 0) {
        yield chunk.toString('utf8', start, end);
      } else {
        this.#parts.push(chunk.subarray(start, end));
        const line = Buffer.concat(this.#parts).toString('utf8');
        this.#parts = [];
        this.pending = 0;
        yield line;
      }
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#parts.push(chunk.subarray(start));
      this.pending += chunk.length - start;
      if (this.pending > this.#max) yield undefined;
    }
  }
}
