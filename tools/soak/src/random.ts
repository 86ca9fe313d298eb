// Chance that can be had again: the seed is printed with the result.
import { SeededRandom } from '@stackwright/core/testing';

export interface Random {
  /** 0 ≤ n < 1. */
  readonly next: () => number;
  /** An integer, both ends included. */
  readonly between: (least: number, most: number) => number;
  readonly pick: <T>(from: readonly [T, ...T[]]) => T;
}

export function randomFrom(seed: number): Random {
  const random = new SeededRandom(seed);
  const next = (): number => random.float();
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (from) => from[Math.floor(next() * from.length)] ?? from[0],
  };
}
