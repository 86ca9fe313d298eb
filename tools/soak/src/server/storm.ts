// Faults, one after the other, until told to stop. They meet the controllers under test only.
import type { Effect, Faults, RequestMatch, WatchEnd } from '@stackwright/devcluster';
import type { Random } from '../random.js';

const userAgent = /^soak-controller/;
const RESOURCES = ['plainwidgets', 'graphwidgets', 'configmaps'] as const;

type Choice = (random: Random) => Effect;

const requests: readonly [Choice, ...Choice[]] = [
  () => ({ fault: 'status', code: 429, retryAfter: 1 }),
  () => ({ fault: 'status', code: 429, message: 'storage is (re)initializing', retryAfter: 1 }),
  // What a proxy asks for, and nobody should keep to.
  () => ({ fault: 'status', code: 503, retryAfter: 3600 }),
  ({ pick }) => ({ fault: 'status', code: pick([500, 503, 504]) }),
  ({ pick }) => ({ fault: 'status', code: pick([500, 503, 504]), after: true }),
  () => ({ fault: 'drop' }),
  () => ({ fault: 'drop', after: true }),
  () => ({ fault: 'hang' }),
  () => ({ fault: 'hang', after: true }),
  () => ({ fault: 'half-open' }),
  ({ between }) => ({ fault: 'delay', milliseconds: between(10, 2000) }),
  ({ between }) => ({ fault: 'delay', milliseconds: between(10, 2000), after: true }),
  ({ between }) => ({ fault: 'truncate', bytes: between(1, 2000) }),
  ({ between }) => ({ fault: 'slow', bytes: between(50, 500), milliseconds: 5 }),
];

/** Somebody else wrote first, or so the server says; before the effect, and after it, as when a retried request meets itself. */
const conflicts: readonly [Choice, ...Choice[]] = [
  () => ({ fault: 'status', code: 409 }),
  () => ({ fault: 'status', code: 409, after: true }),
];
const WRITES = ['create', 'update', 'patch', 'delete'] as const;

const newWatches: readonly [Choice, ...Choice[]] = [
  () => ({ fault: 'status', code: 410 }),
  ({ between }) => ({ fault: 'stall', lines: between(0, 5) }),
  ({ between }) => ({ fault: 'garbage', lines: between(0, 5) }),
  () => ({ fault: 'duplicate' }),
];

const ends: readonly [WatchEnd, ...WatchEnd[]] = ['drop', 'close', 'stall', 'expire', 'truncate'];

export class Storm {
  readonly #faults: Faults;
  readonly #random: Random;
  /** Watches that were ended while they were open, by how. */
  readonly ended: Record<string, number> = {};
  #timer: NodeJS.Timeout | undefined;

  constructor(faults: Faults, random: Random) {
    this.#faults = faults;
    this.#random = random;
  }

  begin(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#strike();
        this.begin();
      },
      this.#random.between(50, 600),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#faults.clear();
  }

  #strike(): void {
    const { between, next, pick } = this.#random;
    // Rare, for it costs everybody the time until it is noticed.
    if (next() < 0.02) return this.#faults.deafen({ userAgent });
    const match: RequestMatch = { userAgent, resource: pick<string | readonly string[]>([RESOURCES, ...RESOURCES]) };
    if (next() < 0.4) {
      const how = pick(ends);
      const count = this.#faults.endWatches(how, match);
      if (count > 0) this.ended[how] = (this.ended[how] ?? 0) + count;
    } else if (next() < 0.15) {
      // Away for a while; and what happened meanwhile is forgotten. The fault that is injected last is met first.
      this.#faults.inject({ fault: 'status', code: 410 }, { ...match, verb: 'watch' }, { times: 1 });
      this.#faults.inject(
        { fault: 'status', code: 503 },
        { ...match, verb: ['list', 'watch'] },
        { times: between(2, 5) },
      );
      this.#faults.endWatches('drop', match);
    } else if (next() < 0.15) {
      // For a while, every watch is ended in good order and soon, with whatever it has brought by then.
      const short = this.#faults.inject({ fault: 'short', lines: between(0, 3) }, { ...match, verb: 'watch' });
      this.#faults.endWatches('close', match);
      setTimeout(() => short.remove(), between(1000, 8000));
    } else if (next() < 0.15) {
      this.#faults.inject(pick(conflicts)(this.#random), { ...match, verb: WRITES }, { times: between(1, 8) });
    } else if (next() < 0.3) {
      this.#faults.inject(pick(newWatches)(this.#random), { ...match, verb: 'watch' }, { times: 1 });
    } else {
      // Sometimes everything that the controller does is met, its Lease included.
      const met = next() < 0.15 ? { userAgent } : match;
      this.#faults.inject(pick(requests)(this.#random), met, { times: between(1, 8), probability: 0.7 });
    }
  }
}
