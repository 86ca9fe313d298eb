// How client-go's recorder keeps Events few: equal ones are counted, many that differ in their message only become one,
// and an object that never rests is heard no more.
import type { Clock } from './clock.js';

export interface EventFacts {
  /** Who says it, and where that runs. */
  source: string;
  /** The object that it is about, and which part of it. */
  object: string;
  part?: string;
  type: string;
  reason: string;
  message: string;
}

export interface Correlated {
  /** Events with the same key are one Event that counts. */
  key: string;
  message: string;
}

/** Of so many messages for the same reason within the interval (milliseconds), further ones are combined. */
const MOST_MESSAGES = 10;
const INTERVAL = 600_000;

/** What one object gets in a row, and milliseconds after which it gets one more. */
const BURST = 25;
const REFILL = 300_000;

/** How many objects and reasons are remembered. */
const REMEMBERED = 4_096;

export class EventCorrelator {
  readonly #clock: Clock;
  readonly #similar = new Map<string, { messages: Set<string>; last: number }>();
  readonly #spent = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined when the object has had its share. */
  correlate(facts: EventFacts): Correlated | undefined {
    const correlated = this.#aggregate(facts);
    return this.#spend(`${facts.source}\0${facts.object}`) ? correlated : undefined;
  }

  #aggregate({ source, object, part, type, reason, message }: EventFacts): Correlated {
    const key = [source, object, type, reason].join('\0');
    const now = this.#clock.now();
    const known = this.#similar.get(key);
    const similar = known && now - known.last <= INTERVAL ? known : { messages: new Set<string>(), last: now };
    similar.last = now;
    if (similar.messages.size < MOST_MESSAGES) similar.messages.add(message);
    remember(this.#similar, key, similar);
    if (similar.messages.size < MOST_MESSAGES) return { key: [key, part, message].join('\0'), message };
    return { key, message: `(combined from similar events): ${message}` };
  }

  #spend(object: string): boolean {
    const now = this.#clock.now();
    const { tokens, at } = this.#spent.get(object) ?? { tokens: BURST, at: now };
    const left = Math.min(BURST, tokens + (now - at) / REFILL);
    remember(this.#spent, object, { tokens: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  }
}

/** The least recently used is forgotten. */
export function remember<T>(memory: Map<string, T>, key: string, value: T, most = REMEMBERED): void {
  memory.delete(key);
  memory.set(key, value);
  const oldest = memory.keys().next();
  if (memory.size > most && !oldest.done) memory.delete(oldest.value);
}
