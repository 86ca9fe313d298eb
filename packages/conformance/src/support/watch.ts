import type { IncomingMessage } from 'node:http';
import type { Body } from './body.js';

export interface Event {
  type: string;
  object: Body;
}

/** A watch, read line by line. */
export class Watch {
  readonly code: number;
  readonly #response: IncomingMessage;
  readonly #patience: number;
  readonly #events: Event[] = [];
  #waiting: (() => void) | undefined;
  #ended = false;

  /** `patience` in milliseconds: longer than that, nobody waits for an event. */
  constructor(response: IncomingMessage, patience: number) {
    this.#response = response;
    this.#patience = patience;
    this.code = response.statusCode ?? 0;
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#events.push(JSON.parse(line) as Event);
      this.#waiting?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#waiting?.();
    };
    response.on('end', end).on('error', end).on('close', end);
  }

  /** The next event; undefined when the watch has ended. Throws when neither happens. */
  async next(): Promise<Event | undefined> {
    const deadline = performance.now() + this.#patience;
    while (this.#events.length === 0 && !this.#ended) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`no event within ${this.#patience} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#events.shift();
  }

  /** The next one that fulfils it. */
  async find(wanted: (event: Event) => boolean): Promise<Event | undefined> {
    let event = await this.next();
    while (event && !wanted(event)) event = await this.next();
    return event;
  }

  /** The next ones, as "ADDED a"; bookmarks, which come when they like, are left out. */
  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    while (taken.length < count) {
      const event = await this.next();
      if (event?.type !== 'BOOKMARK') taken.push(event ? describe(event) : 'END');
      if (!event) break;
    }
    return taken;
  }

  /** All until the watch ends. */
  async rest(): Promise<string[]> {
    const taken: string[] = [];
    for (let event = await this.next(); event; event = await this.next()) taken.push(describe(event));
    return taken;
  }

  close(): void {
    this.#response.destroy();
  }
}

function describe({ type, object }: Event): string {
  const name = (object as Partial<Body>).metadata?.name;
  return name ? `${type} ${name}` : type;
}
