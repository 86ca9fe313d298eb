// In which order runs are made: variants take turns, and each repeat begins with another, so that whatever changes on the
// machine meanwhile touches all of them.
import type { Options, Variant } from './options.js';

export interface PlannedRun {
  objects: number;
  variant: Variant;
  /** From 0. */
  repeat: number;
}

export function planOf({
  objects,
  variants,
  repeats,
}: Pick<Options, 'objects' | 'variants' | 'repeats'>): PlannedRun[] {
  return objects.flatMap((size) =>
    Array.from({ length: repeats(size) }, (_, repeat) =>
      variants.map((_, turn) => variants[(turn + repeat) % variants.length] as Variant),
    ).flatMap((order, repeat) => order.map((variant) => ({ objects: size, variant, repeat }))),
  );
}
