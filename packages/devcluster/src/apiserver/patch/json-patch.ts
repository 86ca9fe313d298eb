// JSON patch (RFC 6902), with the liberties that API servers take: indexes may be negative, what a member is replaced or
// copied by need not have been there, and null is as good as none.
import { BODY_LIMIT } from '../bounds.js';
import { badRequest, statusError, tooLarge } from '../errors.js';
import { clone, equal, isObject, set, type JsonObject } from '../json.js';

interface Operation {
  op?: string;
  path?: string;
  from?: string;
  value?: unknown;
}

/** More are too large a request. */
const MOST_OPERATIONS = 10_000;

/** What an operation may have; all else is a field that the server does not know. */
const OPERATION = new Set(['op', 'path', 'from', 'value']);

/**
 * The document as the operations leave it, all of them or none; it is not changed. Throws an ApiError: 400 for what is no
 * list of operations, 422 for operations that cannot be carried out on this object, be it that they mean nothing.
 */
export function jsonPatch(document: object, patch: unknown): JsonObject {
  if (!Array.isArray(patch)) throw undecodable(patch, 'Go value of type []handlers.jsonPatchOp');
  if (patch.length > MOST_OPERATIONS)
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${patch.length}`);
  const operations = patch.map(operationOf);
  let result: unknown = clone(document);
  let copied = 0;
  for (const operation of operations) {
    // A copy of what holds the copies before doubles the whole, with every operation.
    if (operation.op === 'copy') copied += JSON.stringify(get(result, operation.from ?? ''))?.length ?? 0;
    if (copied > BODY_LIMIT)
      throw tooLarge(
        `Unable to complete the copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${BODY_LIMIT}`,
      );
    result = perform(result, operation);
  }
  if (!isObject(result)) throw doesNotApply();
  return result;
}

/** "json patch unknown field "[0].odd"": what the operations have that means nothing. */
export function strayInOperations(patch: unknown): string[] {
  if (!Array.isArray(patch)) return [];
  return patch.flatMap((operation: unknown, index) =>
    isObject(operation)
      ? Object.keys(operation)
          .filter((name) => !OPERATION.has(name))
          .map((name) => `json patch unknown field "[${index}].${name}"`)
      : [],
  );
}

function operationOf(given: unknown, index: number): Operation {
  if (given === null) return {};
  if (!isObject(given)) throw undecodable(given, 'Go value of type handlers.jsonPatchOp');
  const text = (name: string): string | undefined => {
    const value = given[name] ?? undefined;
    if (value !== undefined && typeof value !== 'string')
      throw undecodable(value, `Go struct field jsonPatchOp.[${index}].${name} of type string`);
    return value;
  };
  const [op, path, from] = ['op', 'path', 'from'].map(text);
  return {
    ...(op === undefined ? {} : { op }),
    ...(path === undefined ? {} : { path }),
    ...(from === undefined ? {} : { from }),
    value: given['value'],
  };
}

function perform(document: unknown, { op, path = '', from = '', value }: Operation): unknown {
  if (path === '' && op === 'replace') return clone(value);
  if (path === '' && op === 'test') {
    if (!equal(document, value)) throw doesNotApply();
    return document;
  }
  switch (op) {
    case 'add':
      add(document, path, value ?? null);
      return document;
    case 'remove':
      remove(document, path);
      return document;
    case 'replace':
      replace(document, path, value ?? null);
      return document;
    case 'move':
      add(document, path, remove(document, from));
      return document;
    case 'copy':
      add(document, path, get(document, from));
      return document;
    case 'test':
      if (!equal(get(document, path), value ?? null)) throw doesNotApply();
      return document;
    default:
      throw doesNotApply();
  }
}

type Container = JsonObject | unknown[];

/** What holds the last step of the path, and that step. */
function locate(document: unknown, path: string): { container: Container; key: string } {
  const steps = path.split('/').slice(1).map(unescape);
  const key = steps.pop();
  let container: unknown = document;
  for (const step of steps) container = isContainer(container) ? member(container, step) : undefined;
  if (key === undefined || !isContainer(container)) throw doesNotApply();
  return { container, key };
}

function get(document: unknown, path: string): unknown {
  const { container, key } = locate(document, path);
  return member(container, key);
}

/** Null for one that an object does not have. */
function member(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[indexOf(key, container.length)];
  return Object.hasOwn(container, key) ? container[key] : null;
}

function add(document: unknown, path: string, value: unknown): void {
  const { container, key } = locate(document, path);
  if (!Array.isArray(container)) set(container, key, clone(value));
  else {
    const at = key === '-' ? container.length : indexOf(key, container.length + 1);
    container.splice(at, 0, clone(value));
  }
}

function replace(document: unknown, path: string, value: unknown): void {
  const { container, key } = locate(document, path);
  if (Array.isArray(container)) container[indexOf(key, container.length)] = clone(value);
  else set(container, key, clone(value));
}

function remove(document: unknown, path: string): unknown {
  const { container, key } = locate(document, path);
  if (Array.isArray(container)) return container.splice(indexOf(key, container.length), 1)[0];
  if (!Object.hasOwn(container, key)) throw doesNotApply();
  const value = container[key];
  delete container[key];
  return value;
}

/** An index below `end`; those that are negative count from there. */
function indexOf(key: string, end: number): number {
  const index = /^[+-]?\d+$/.test(key) ? Number(key) : NaN;
  const at = index < 0 ? index + end : index;
  if (!(at >= 0 && at < end)) throw doesNotApply();
  return at;
}

const isContainer = (value: unknown): value is Container => Array.isArray(value) || isObject(value);

const unescape = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');

function undecodable(value: unknown, target: string): Error {
  const given = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return badRequest(`error decoding patch: json: cannot unmarshal ${given} into ${target}`);
}

/** What cannot be applied to this object is not a mistake in the request's form. */
const doesNotApply = (): Error =>
  statusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
