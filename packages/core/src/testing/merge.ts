// Patches as the fake API understands them: merge patch, JSON patch, and a server-side apply that knows one thing well:
// what a manager applied before and no longer applies is removed, lists are atomic.

type Json = unknown;
type JsonObject = Record<string, Json>;

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 7386. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** RFC 6902: test, add, replace, remove. Throws an Error when a test fails or a path is not there. */
export function jsonPatch(target: Json, operations: readonly object[]): Json {
  let root = structuredClone(target);
  for (const operation of operations as readonly { op: string; path: string; value?: Json }[]) {
    const path = operation.path
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = path.pop();
    if (last === undefined) {
      root = operation.value;
      continue;
    }
    let parent: Json = root;
    for (const part of path) parent = childOf(parent, part);
    applyOperation(parent, last, operation);
  }
  return root;
}

function applyOperation(
  parent: Json,
  last: string,
  { op, path, value }: { op: string; path: string; value?: Json },
): void {
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (op === 'test') assertSame(parent[index], value, path);
    else if (op === 'add') parent.splice(index, 0, value);
    else if (op === 'remove') parent.splice(index, 1);
    else parent[index] = value;
    return;
  }
  if (!isObject(parent)) throw new Error(`No such path: ${path}`);
  if (op === 'test') assertSame(parent[last], value, path);
  else if (op === 'remove') delete parent[last];
  else parent[last] = value;
}

function childOf(parent: Json, part: string): Json {
  const child: Json = Array.isArray(parent) ? parent[Number(part)] : isObject(parent) ? parent[part] : undefined;
  if (child === undefined) throw new Error(`No such path: /${part}`);
  return child;
}

function assertSame(actual: Json, expected: Json, path: string): void {
  if (!same(actual, expected)) throw new Error(`Test failed: ${path}`);
}

/**
 * Puts what is applied into the target and takes away what was applied before and is not any more, unless another manager
 * has applied it too: `others`.
 */
export function applyPatch(target: Json, applied: Json, before: Json, others: readonly Json[] = []): Json {
  if (!isObject(applied)) return applied;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  const shared = others.filter(isObject);
  if (isObject(before)) {
    for (const key of Object.keys(before)) {
      if (!(key in applied) && !shared.some((other) => key in other)) delete result[key];
    }
  }
  for (const [key, value] of Object.entries(applied)) {
    const [old, theirs] = [isObject(before) ? before[key] : undefined, shared.map((other) => other[key])];
    if (value !== undefined) result[key] = applyPatch(result[key], value, old, theirs);
  }
  return result;
}

/** Equality of JSON values, whatever the order of keys. */
export function same(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same(a[key], b[key]));
}
