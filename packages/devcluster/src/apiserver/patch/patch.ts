// JSON patch (RFC 6902) and JSON merge patch (RFC 7386).
import fastJsonPatch, { type Operation } from 'fast-json-patch';
import { badRequest, statusError, tooLarge } from '../errors.js';
import { clone, isObject, set, type JsonObject } from '../json.js';

/** Changes `target` in place where it can; returns the result. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return clone(patch);
  const result: JsonObject = isObject(target) ? target : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else set(result, key, mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}

/** More are too large a request. */
const MOST_OPERATIONS = 10_000;

/** What an operation may have besides `op`; all else is a field that the server does not know. */
const OPERATION = new Set(['op', 'path', 'from', 'value']);

/**
 * `target` is not changed. Throws an ApiError: 400 for what is no list of operations, 422 for operations that cannot be
 * carried out on this object, be it that they mean nothing.
 */
export function jsonPatch(target: object, patch: unknown): JsonObject {
  if (!Array.isArray(patch))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${typeName(patch)} into Go value of type []handlers.jsonPatchOp`,
    );
  if (patch.length > MOST_OPERATIONS) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${MOST_OPERATIONS}, got ${patch.length}`);
  }
  const operations = patch.map((operation: unknown, index): JsonObject => {
    if (!isObject(operation))
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${typeName(operation)} into Go value of type handlers.jsonPatchOp`,
      );
    for (const name of ['op', 'path', 'from']) {
      const value = operation[name];
      if (value !== undefined && value !== null && typeof value !== 'string')
        throw badRequest(
          `error decoding patch: json: cannot unmarshal ${typeName(value)} into Go struct field jsonPatchOp.[${index}].${name} of type string`,
        );
    }
    return { ...operation, value: operation['value'] ?? null };
  });
  try {
    // The library looks whether there is what an operation is about only when it is told to.
    return operations.reduce<JsonObject>(
      (document, operation) =>
        fastJsonPatch.applyOperation(document, lenient(document, operation) as unknown as Operation, true).newDocument,
      clone(target) as JsonObject,
    );
  } catch {
    throw statusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
}

/** As real servers have it: a member that is not there may be replaced, and is copied as null. */
function lenient(document: JsonObject, operation: JsonObject): JsonObject {
  const { op, path, from } = operation;
  if (op === 'replace' && typeof path === 'string' && isMissingMember(document, path))
    return { ...operation, op: 'add' };
  if (op === 'copy' && typeof from === 'string' && isMissingMember(document, from))
    return { op: 'add', path, value: null };
  return operation;
}

function isMissingMember(document: JsonObject, pointer: string): boolean {
  const names = pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = names.pop();
  let parent: unknown = document;
  for (const name of names) parent = isObject(parent) || Array.isArray(parent) ? Reflect.get(parent, name) : undefined;
  return last !== undefined && isObject(parent) && !Object.hasOwn(parent, last);
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

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (isObject(value)) return 'object';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
