import { keyOf, type ImageDefinition } from './definition.js';
import { ImageError } from './errors.js';

export const parentOf = (definition: ImageDefinition, all: readonly ImageDefinition[]): ImageDefinition | undefined => {
  const { from } = definition;
  if ('suite' in from) return undefined;
  const parent = all.find((other) => keyOf(other) === from.image);
  if (parent === undefined) {
    throw new ImageError('unknown-image', `Image ${keyOf(definition)} stands on ${from.image}, which is not defined.`);
  }
  return parent;
};

/** Debian's suite that the image comes from; of one that stands on another, that one's. */
export function suiteOf(definition: ImageDefinition, all: readonly ImageDefinition[]): string {
  if ('suite' in definition.from) return definition.from.suite;
  const parent = parentOf(definition, all);
  return parent === undefined ? '' : suiteOf(parent, all);
}

/**
 * The named images and all they stand on, parents first, in the order of the definitions otherwise. A name without a
 * tag means every tag of it; without names, all images.
 */
export function select(all: readonly ImageDefinition[], names?: readonly string[]): ImageDefinition[] {
  const selected = new Set<ImageDefinition>();
  const add = (definition: ImageDefinition): void => {
    const parent = parentOf(definition, all);
    if (parent !== undefined) add(parent);
    selected.add(definition);
  };
  if (names === undefined) for (const definition of all) add(definition);
  for (const name of names ?? []) {
    const found = all.filter((definition) => definition.name === name || keyOf(definition) === name);
    if (found.length === 0) {
      throw new ImageError('unknown-image', `There is no image ${name}. Images: ${all.map(keyOf).join(', ')}`);
    }
    found.forEach(add);
  }
  return [...selected];
}

/**
 * Runs `work` for each item once what it depends on is done, at most `limit` at a time, in the given order where there
 * is a choice. After a failure nothing new is started; rejects with the first failure once the running ones ended.
 */
export async function runGraph<T>(
  items: readonly T[],
  dependency: (item: T) => T | undefined,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = new Set(items);
  const done = new Set<T>();
  const running = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  const ready = (item: T): boolean => {
    const needed = dependency(item);
    return needed === undefined || done.has(needed);
  };
  for (;;) {
    for (const item of waiting) {
      if (failures.length > 0 || running.size >= limit) break;
      if (!ready(item)) continue;
      waiting.delete(item);
      const run: Promise<unknown> = work(item)
        .then(
          () => done.add(item),
          (error: unknown) => failures.push(error),
        )
        .finally(() => running.delete(run));
      running.add(run);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failures.length > 0) throw failures[0];
}
