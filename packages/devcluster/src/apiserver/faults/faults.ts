// Fault injection: what goes wrong between this server and its clients over HTTP. Clients inside the process
// (`server.client()`) are spared, so a test can look at the truth while its subject meets the faults.
import { setTimeout as sleep } from 'node:timers/promises';
import { statusError } from '../errors.js';
import { failure, type HttpAnswer, type HttpRequest } from '../http/handle.js';
import { ConnectionLost } from '../intercept.js';
import { gone, spoiled } from './bodies.js';
import { isBodyEffect, isOfWatches, nameOf, type Effect } from './effects.js';
import { matcherOf, type RequestMatch } from './match.js';
import { OpenWatches, type WatchEnd } from './open-watches.js';

export interface InjectOptions {
  /** After so many requests the fault is over. Default: it stays. */
  times?: number;
  /** Of each request that matches, 0 to 1. Default 1. */
  probability?: number;
}

export interface InjectedFault {
  /** Requests that met it. */
  readonly hits: number;
  remove(): void;
}

interface Rule {
  effect: Effect;
  matches(request: HttpRequest): boolean;
  left: number;
  probability: number;
  hits: number;
}

type Answer = (request: HttpRequest) => Promise<HttpAnswer>;

/** `code` → reason, for refusals that do not say. */
const REASONS: Readonly<Record<number, string>> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

export class Faults {
  readonly #rules: Rule[] = [];
  readonly #watches = new OpenWatches();
  readonly #dead = new WeakSet();
  /** How often connections had been made deaf when this one was seen first. */
  readonly #firstSeen = new WeakMap<object, number>();
  readonly #deafened: ((request: HttpRequest) => boolean)[] = [];
  readonly #counts = new Map<string, number>();
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /**
   * Requests that match meet the effect. Where several faults match, the one injected last is met.
   *
   *     faults.inject({ fault: 'status', code: 429, retryAfter: 1 }, { verb: 'list', resource: 'widgets' }, { times: 1 });
   *     faults.inject({ fault: 'drop', after: true }, { verb: 'patch' }, { probability: 0.05 });
   */
  inject(effect: Effect, match: RequestMatch = {}, options: InjectOptions = {}): InjectedFault {
    const rule: Rule = {
      effect,
      matches: matcherOf(isOfWatches(effect) ? { ...match, verb: 'watch' } : match),
      left: options.times ?? Infinity,
      probability: options.probability ?? 1,
      hits: 0,
    };
    this.#rules.unshift(rule);
    return {
      get hits() {
        return rule.hits;
      },
      remove: () => this.#remove(rule),
    };
  }

  /**
   * All the connections on which requests that match have come are dead from now on and do not say so, as when a load balancer
   * forgot them: what is sent on them is never answered, watches on them are silent. New connections work.
   */
  deafen(match: RequestMatch = {}): void {
    const matches = matcherOf(match);
    this.#deafened.push(matches);
    this.#watches.end('stall', matches);
    this.#count('deaf connections');
  }

  /** Ends watches that are open now; new ones are served. Returns how many there were. */
  endWatches(how: WatchEnd, match: RequestMatch = {}): number {
    return this.#watches.end(how, matcherOf(match));
  }

  /** How many watches are open and served. */
  openWatches(match: RequestMatch = {}): number {
    return this.#watches.count(matcherOf(match));
  }

  /** No more faults from now on. What hangs goes on hanging. */
  clear(): void {
    this.#rules.length = 0;
  }

  /** Requests that met a fault, by what it was: "status 429", "drop after the effect". */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** What the server does between its sockets and its handler. Rejects with ConnectionLost only. */
  async around(answer: Answer, request: HttpRequest): Promise<HttpAnswer> {
    if (request.connection && this.#isDead(request.connection, request)) return await never(request);
    const rule = this.#rules.find((each) => each.matches(request) && this.#random() < each.probability);
    if (!rule) return this.#watches.control(request, await answer(request));
    rule.hits += 1;
    rule.left -= 1;
    if (rule.left <= 0) this.#remove(rule);
    this.#count(nameOf(rule.effect));
    return this.#watches.control(request, await this.#meet(rule.effect, answer, request));
  }

  async #meet(effect: Effect, answer: Answer, request: HttpRequest): Promise<HttpAnswer> {
    if (isBodyEffect(effect)) {
      const sound = await answer(request);
      return { ...sound, body: spoiled(sound.body, effect, request.signal) };
    }
    if (effect.fault === 'half-open') {
      if (request.connection) this.#dead.add(request.connection);
      return await never(request);
    }
    // A stream that nobody reads never begins: it needs no end.
    const done = effect.after ? await answer(request) : undefined;
    switch (effect.fault) {
      case 'status': {
        const { code, reason = REASONS[code] ?? 'Unknown', message = 'an injected fault', retryAfter } = effect;
        return failure(
          statusError(code, reason, message, retryAfter === undefined ? undefined : { retryAfterSeconds: retryAfter }),
        );
      }
      case 'delay':
        await sleep(effect.milliseconds, undefined, { signal: request.signal }).catch(() => undefined);
        return done ?? (await answer(request));
      case 'drop':
        throw new ConnectionLost('the connection was dropped');
      case 'hang':
        return await never(request);
    }
  }

  #isDead(connection: object, request: HttpRequest): boolean {
    const since = this.#firstSeen.get(connection) ?? this.#deafened.length;
    this.#firstSeen.set(connection, since);
    if (this.#deafened.slice(since).some((matches) => matches(request))) this.#dead.add(connection);
    return this.#dead.has(connection);
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #remove(rule: Rule): void {
    const index = this.#rules.indexOf(rule);
    if (index >= 0) this.#rules.splice(index, 1);
  }
}

async function never({ signal }: HttpRequest): Promise<never> {
  await gone(signal);
  throw new ConnectionLost('the client went without an answer');
}
