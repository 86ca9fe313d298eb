// Equality of values as the evaluator has them.

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a === 'bigint' || typeof b === 'bigint') {
    // Numbers compare across their types, as on a real server.
    // eslint-disable-next-line eqeqeq -- a bigint and a number are never identical
    return (typeof a === 'number' || typeof b === 'number') && a == b;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Set || b instanceof Set) {
    if (!isList(a) || !isList(b)) return false;
    const [left, right] = [[...a], [...b]];
    return left.length === right.length && left.every((item) => right.some((other) => same(item, other)));
  }
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (a.constructor !== b.constructor) return false;
  const [left, right] = [fields(a), fields(b)];
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- what is no container is a duration, which has a text
  if (left === undefined || right === undefined) return String(a) === String(b);
  const others = new Map(right);
  return left.length === right.length && left.every(([name, value]) => same(value, others.get(name)));
}

const isList = (value: object): value is Set<unknown> | unknown[] => value instanceof Set || Array.isArray(value);

/** Undefined for values that are no containers (durations): their text says all. */
function fields(value: object): [unknown, unknown][] | undefined {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
  return plain ? Object.entries(value) : undefined;
}
