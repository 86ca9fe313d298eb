// What can go wrong with one request, as data. Everything a client can meet on a network, and nothing that it cannot.

export type Effect =
  /** A refusal. `after`: the request has taken effect all the same, as when a proxy gives up on a slow answer. */
  | {
      fault: 'status';
      /** HTTP status: 409, 410, 429, 500, 503, 504 … */
      code: number;
      /** Default: the usual one of the code. */
      reason?: string;
      message?: string;
      /** Retry-After, in seconds. */
      retryAfter?: number;
      after?: boolean;
    }
  /** The headers come late. `after`: the request has taken effect before the wait. */
  | { fault: 'delay'; milliseconds: number; after?: boolean }
  /** The connection is closed without an answer. `after`: the request has taken effect. */
  | { fault: 'drop'; after?: boolean }
  /** No answer ever comes; the connection stays open. `after`: the request has taken effect. */
  | { fault: 'hang'; after?: boolean }
  /** The connection is dead and does not say so: this request, and every later one on it, is never answered. */
  | { fault: 'half-open' }
  /** The answer ends in the middle, after so many bytes (at least one): half a line of a watch, half a list. */
  | { fault: 'truncate'; bytes: number }
  /** The answer comes in small pieces. */
  | { fault: 'slow'; bytes: number; milliseconds: number }
  /** Nothing more after so many lines, not even bookmarks; the connection stays open. For watches. */
  | { fault: 'stall'; lines: number }
  /** Ends in good order after so many lines, as behind what bounds the time of every answer. For watches. */
  | { fault: 'short'; lines: number }
  /** Every event comes twice. For watches. */
  | { fault: 'duplicate' }
  /** After so many lines, one that is no JSON. For watches. */
  | { fault: 'garbage'; lines: number };

/** In words, for counts: "status 429", "drop after the effect". */
export function nameOf(effect: Effect): string {
  const name = effect.fault === 'status' ? `status ${effect.code}` : effect.fault;
  return 'after' in effect && effect.after ? `${name} after the effect` : name;
}

/** Those that change an answer rather than replace it. */
export type BodyEffect = Extract<Effect, { fault: 'truncate' | 'slow' | 'stall' | 'short' | 'duplicate' | 'garbage' }>;

/** Those that make sense for a watch alone. */
const ofWatches: readonly string[] = ['stall', 'short', 'duplicate', 'garbage'];

export const isOfWatches = ({ fault }: Effect): boolean => ofWatches.includes(fault);

export const isBodyEffect = (effect: Effect): effect is BodyEffect =>
  isOfWatches(effect) || effect.fault === 'truncate' || effect.fault === 'slow';
