/** The same on every run, so that what is found can be found again. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  hits(probability: number): boolean {
    return this.next() < probability;
  }

  /** From 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Up to `most` of them, any of them several times. */
  some<T>(items: readonly T[], most: number): T[] {
    return Array.from({ length: this.below(most + 1) }, () => this.of(items));
  }
}

/** Milliseconds of each fuzz test; without it they have so many rounds that the suite stays short. */
const forLong = Number(process.env['FUZZ_SECONDS'] ?? '0') * 1000;

/** Time-out of a fuzz test, milliseconds. */
export const fuzzTimeout = forLong + 60_000;

/** Seeds: the same few on every run, or with FUZZ_SECONDS as many as that time allows, beginning somewhere else each time. */
export function* seeds(rounds: number): Generator<number> {
  const first = forLong > 0 ? Date.now() % 2 ** 31 : 1;
  const end = performance.now() + forLong;
  for (let seed = first; forLong > 0 ? performance.now() < end : seed < first + rounds; seed += 1) yield seed;
}
