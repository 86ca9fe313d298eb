// Watches that are under way, so that a test can end them in every way in which watches end.
import type { HttpAnswer, HttpRequest } from '../http/handle.js';
import { ConnectionLost } from '../intercept.js';
import { expired } from '../errors.js';
import { gone } from './bodies.js';

/** What becomes of an open watch. */
export type WatchEnd =
  /** The connection is closed. */
  | 'drop'
  /** The answer ends in order, as after `timeoutSeconds`. */
  | 'close'
  /** Nothing comes any more, and the connection stays open. */
  | 'stall'
  /** An ERROR event with 410: what the client has seen last is forgotten. */
  | 'expire'
  /** Half a line, then the connection is closed. */
  | 'truncate';

interface OpenWatch {
  request: HttpRequest;
  end(how: WatchEnd): void;
}

export class OpenWatches {
  readonly #open = new Set<OpenWatch>();

  /** Ends those that match; returns how many. */
  end(how: WatchEnd, matches: (request: HttpRequest) => boolean): number {
    const ended = [...this.#open].filter(({ request }) => matches(request));
    for (const watch of ended) {
      this.#open.delete(watch);
      watch.end(how);
    }
    return ended.length;
  }

  count(matches: (request: HttpRequest) => boolean): number {
    return [...this.#open].filter(({ request }) => matches(request)).length;
  }

  /** The answer, under control until it ends. Answers that are no streams are returned as they are. */
  control(request: HttpRequest, answer: HttpAnswer): HttpAnswer {
    if (typeof answer.body === 'string') return answer;
    return { ...answer, body: this.#follow(request, answer.body) };
  }

  async *#follow(request: HttpRequest, body: AsyncIterable<string>): AsyncGenerator<string> {
    let watch: OpenWatch | undefined;
    const ended = new Promise<WatchEnd>((resolve) => {
      watch = { request, end: resolve };
      this.#open.add(watch);
    });
    const pieces = body[Symbol.asyncIterator]();
    try {
      while (true) {
        const next = await Promise.race([pieces.next(), ended]);
        if (typeof next === 'string') {
          yield* ending(next, request.signal);
          return;
        }
        if (next.done) return;
        yield next.value;
      }
    } finally {
      if (watch) this.#open.delete(watch);
      // It may be waiting for an event that never comes: nobody waits for its end.
      void pieces.return?.();
    }
  }
}

async function* ending(how: WatchEnd, signal: AbortSignal): AsyncGenerator<string> {
  switch (how) {
    case 'close':
      return;
    case 'stall':
      return await gone(signal);
    case 'expire':
      yield `{"type":"ERROR","object":${JSON.stringify(expired('too old resource version').status)}}\n`;
      return;
    case 'truncate':
      yield '{"type":"MODIFIED","object":{"metadata":{"na';
      await new Promise((resolve) => setImmediate(resolve));
      throw new ConnectionLost('the watch was truncated');
    case 'drop':
      throw new ConnectionLost('the watch was dropped');
  }
}
