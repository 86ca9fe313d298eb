// JSON patch (RFC 6902) and JSON merge patch (RFC 7386).
import fastJsonPatch, { type Operation } from 'fast-json-patch';
import { badRequest, statusError } from '../errors.js';
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

export function jsonPatch(target: object, operations: readonly unknown[]): JsonObject {
  const problem = fastJsonPatch.validate(operations as Operation[]);
  if (problem) throw badRequest(`invalid JSON patch: ${problem.message.split('\n')[0] ?? ''}`);
  try {
    return fastJsonPatch.applyPatch(clone(target), clone(operations) as Operation[]).newDocument as JsonObject;
  } catch (error) {
    // What cannot be applied to this object is not a mistake in the request's form.
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw statusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${message}`, {});
  }
}
