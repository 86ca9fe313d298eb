// What a manager applied before, and does not any more.
import type { Schema } from '../schema/schema.js';
import { difference, intersection, union, type FieldSet } from './field-set.js';
import { fieldSetOf, remove, withStructs } from './typed.js';

/**
 * The merged object without the fields of `last` that nobody claims now. What else was in a struct, list or map that goes
 * with them stays: with its container when it is a field, without when it is an empty list that belongs to nobody.
 */
export function prune(schema: Schema, merged: unknown, last: FieldSet, claimed: FieldSet): unknown {
  const present = (value: unknown): FieldSet => withStructs(schema, fieldSetOf(schema, value));
  const all = present(merged);
  const given = withStructs(schema, last);
  const bare = remove(schema, merged, given);
  const kept = union(present(bare), withStructs(schema, claimed));
  const withClaimed = remove(schema, merged, difference(all, kept));
  // What only updates have written, or nobody, was never this manager's to remove.
  return remove(schema, merged, intersection(difference(all, present(withClaimed)), given));
}
