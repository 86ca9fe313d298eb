// What of an object a field manager has applied, from its managedFields: the object as it would have to be applied again.
import type { KubeObject, ManagedFieldsEntry } from '@stackwright/kube';
import { isFields, type Fields } from './compare.js';
import { isSame } from './same.js';

/** Undefined where none of the managers has applied anything, or nobody keeps who has. */
export function appliedFields<T extends KubeObject>(live: Readonly<T>, managers: readonly string[]): T | undefined {
  const isTheirs = ({ manager = '', operation, subresource }: ManagedFieldsEntry) =>
    operation === 'Apply' && subresource === undefined && managers.includes(manager);
  const sets = (live.metadata?.managedFields ?? []).filter(isTheirs).map(({ fieldsV1 }) => (fieldsV1 ?? {}) as Fields);
  if (sets.length === 0) return undefined;
  const { apiVersion, kind, metadata } = live;
  const { name, namespace } = metadata ?? {};
  const fields = taken(live, sets.reduce(together)) as T;
  const key = { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) };
  return { ...fields, ...{ apiVersion, kind }, metadata: { ...key, ...fields.metadata } };
}

function together(one: Fields, other: Fields): Fields {
  const merged: Record<string, unknown> = { ...one };
  for (const [name, below] of Object.entries(other)) {
    const there = merged[name];
    merged[name] = isFields(there) && isFields(below) ? together(there, below) : below;
  }
  return merged;
}

function taken(value: unknown, set: Fields): unknown {
  const below = Object.entries(set).filter(([name]) => name !== '.');
  // Nothing is said of its parts: the whole of it.
  if (below.length === 0) return value;
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => {
      const entry = below.find(([name]) => isEntryOf(name, item, index));
      return entry && isFields(entry[1]) ? [taken(item, entry[1])] : [];
    });
  }
  if (!isFields(value)) return value;
  const fields: Record<string, unknown> = {};
  for (const [name, inner] of below) {
    const field = name.startsWith('f:') ? name.slice(2) : undefined;
    if (field === undefined || !isFields(inner) || value[field] === undefined) continue;
    fields[field] = taken(value[field], inner);
  }
  return fields;
}

/** `k:{"name":"app"}`: by some of its fields; `v:"finalizer"`: by its value; "i:0": by its place. */
function isEntryOf(name: string, item: unknown, index: number): boolean {
  if (name.startsWith('i:')) return Number(name.slice(2)) === index;
  const said = parsed(name.slice(2));
  if (name.startsWith('v:')) return isSame(said, item);
  if (!name.startsWith('k:') || !isFields(said) || !isFields(item)) return false;
  return Object.entries(said).every(([field, value]) => isSame(item[field], value));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
