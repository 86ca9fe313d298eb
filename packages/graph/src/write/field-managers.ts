// Who owns which field of an object, as its managedFields say.
import type { KubeObject, ManagedFieldsEntry } from '@stackwright/kube';
import { isFields, type Fields } from '../evaluate/compare.js';
import { isSame } from '../evaluate/same.js';
import type { FieldPath, PathSegment } from '../evaluate/paths.js';

/** The managers of a field: of itself, of something in it, or of all that it is in. Each once, in order of the object. */
export function managersOf({ metadata }: Readonly<KubeObject>, path: FieldPath): string[] {
  const managers = (metadata?.managedFields ?? []).filter((entry) => owns(entry, path)).map(({ manager }) => manager);
  return [...new Set(managers.filter((manager) => manager !== undefined))];
}

/** The fields that a manager has applied (server-side), as far down as it has said anything of them. */
export function appliedBy({ metadata }: Readonly<KubeObject>, manager: string): FieldPath[] {
  const entries = (metadata?.managedFields ?? []).filter(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && entry.subresource === undefined,
  );
  return entries.flatMap(({ fieldsV1 }) => leavesOf((fieldsV1 ?? {}) as Fields, []));
}

function owns({ fieldsV1 }: ManagedFieldsEntry, path: FieldPath): boolean {
  let fields = fieldsV1 as Fields | undefined;
  for (const segment of path) {
    if (!fields) return false;
    const names = Object.keys(fields);
    // Nothing below: the whole of it.
    if (names.length === 0) return true;
    const name = names.find((each) => isSegment(each, segment));
    // An item of a list that is replaced whole has no entry of its own.
    if (name === undefined) return false;
    fields = fields[name] as Fields;
  }
  return fields !== undefined;
}

/** "f:name", `k:{"name":"app"}`, `v:"finalizer"`, "i:0"; "." is the thing itself. */
function isSegment(name: string, segment: PathSegment): boolean {
  if (typeof segment === 'string') return name === `f:${segment}`;
  if (typeof segment === 'number') return name === `i:${segment}`;
  return name.startsWith('k:') && isSame(parsed(name), segment);
}

function leavesOf(fields: Fields, path: FieldPath): FieldPath[] {
  return Object.entries(fields).flatMap(([name, below]) => {
    const segment = segmentOf(name);
    if (segment === undefined || !isFields(below)) return [];
    const here = [...path, segment];
    const deeper = leavesOf(below, here);
    return deeper.length > 0 ? deeper : [here];
  });
}

/** Undefined for what is no way further down: the thing itself, and the members of sets. */
function segmentOf(name: string): PathSegment | undefined {
  if (name.startsWith('f:')) return name.slice(2);
  if (name.startsWith('i:')) return Number(name.slice(2));
  if (!name.startsWith('k:')) return undefined;
  const keys = parsed(name);
  return isFields(keys) ? keys : undefined;
}

function parsed(name: string): unknown {
  try {
    return JSON.parse(name.slice(2));
  } catch {
    return undefined;
  }
}
