// What one object may hold, whoever sends it: what is done with it takes time for every value, and for a list here and there the square
// of its length.
import { badRequest, tooLarge } from './errors.js';

/** Bytes of a body, and about as many of an object: what etcd and the API server take, generously. */
export const BODY_LIMIT = 3 * 1024 * 1024;
/** In one list. */
export const MOST_ELEMENTS = 10_000;
/** Objects, lists, texts, numbers: all of them together. */
export const MOST_VALUES = 100_000;
/** Lists and objects in each other. */
export const DEEPEST = 1000;

/** Throws 413 for a value that is too large, and 400 for one that is too deep. Not by recursion, which the depth would end. */
export function expectBounded(value: unknown): void {
  const open: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  let values = 0;
  let size = 0;
  for (let next = open.pop(); next; next = open.pop()) {
    const { value: one, depth } = next;
    if (typeof one === 'string') size += one.length;
    if (typeof one !== 'object' || one === null) continue;
    if (depth >= DEEPEST) throw badRequest(`exceeded max depth: the limit is ${DEEPEST}`);
    const children: unknown[] = Array.isArray(one) ? one : Object.values(one);
    if (Array.isArray(one) && one.length > MOST_ELEMENTS)
      throw tooLarge(`the limit is ${MOST_ELEMENTS} elements in a list, got ${one.length}`);
    if (!Array.isArray(one)) for (const name of Object.keys(one)) size += name.length;
    values += children.length;
    if (values > MOST_VALUES) throw tooLarge(`the limit is ${MOST_VALUES} values in an object`);
    for (const child of children) open.push({ value: child, depth: depth + 1 });
  }
  if (size > BODY_LIMIT) throw tooLarge(`limit is ${BODY_LIMIT}`);
}
