// What server-side apply refuses, as far as the fake API knows who applied what.
import { ApiError, type ApplyTarget, type KubeObject, type ManagedFieldsEntry } from '@stackwright/kube';
import { apiError } from './api-error.js';
import { isObject, same } from './merge.js';

/** Throws where there is something else under the name than the apply is meant for. */
export function checkTarget(current: Readonly<KubeObject> | undefined, only: ApplyTarget | undefined): void {
  if (only === undefined) return;
  if (only === 'Absent') {
    if (current) throw apiError(409, 'Conflict', 'the object has been modified; please apply your changes');
  } else if (!current) {
    throw apiError(409, 'Conflict', `uid mismatch: the provided object specified uid ${only.uid}, and there is none`);
  } else if (current.metadata?.uid !== only.uid) {
    const causes = [{ reason: 'FieldValueInvalid', message: 'field is immutable', field: 'metadata.uid' }];
    throw refusal(422, 'Invalid', 'metadata.uid: field is immutable', causes);
  }
}

/** Throws where another manager has applied fields of `object` with other values. */
export function checkOwners(object: object, managers: ReadonlyMap<string, unknown>): void {
  for (const [manager, applied] of managers) {
    const [field] = conflicts(object, applied, '');
    if (field === undefined) continue;
    const message = `conflict with "${manager.trim()}"`;
    throw refusal(409, 'Conflict', `Apply failed with 1 conflict: ${message}: ${field}`, [
      { reason: 'FieldManagerConflict', message, field },
    ]);
  }
}

/**
 * What a manager has applied, without the fields that somebody's update has changed: these are whose update it was. Of lists
 * nothing is told apart.
 */
export function withoutChanged(applied: unknown, before: unknown, after: unknown): unknown {
  if (!isObject(applied)) return applied;
  const inner = (value: unknown, name: string) => (isObject(value) ? value[name] : undefined);
  return Object.fromEntries(
    Object.entries(applied)
      .filter(([name, value]) => typeof value === 'object' || same(inner(before, name), inner(after, name)))
      .map(([name, value]) => [name, withoutChanged(value, inner(before, name), inner(after, name))]),
  );
}

/** As `metadata.managedFields` says it; a list counts as one value. */
export function managedFieldsOf(managers: ReadonlyMap<string, unknown> = new Map()): ManagedFieldsEntry[] {
  return [...managers].map(([manager, applied]) => {
    const [name = '', subresource = ''] = manager.split(' ');
    const { apiVersion: _version, kind: _kind, ...fields } = applied as KubeObject;
    const { name: _name, namespace: _namespace, ...metadata } = fields.metadata ?? {};
    return {
      manager: name,
      operation: 'Apply',
      ...(subresource === '' ? {} : { subresource }),
      fieldsV1: fieldsOf({ ...fields, metadata }),
    };
  });
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [`f:${name}`, fieldsOf(inner)]));
}

function conflicts(object: unknown, applied: unknown, path: string): string[] {
  if (!isObject(object) || !isObject(applied)) return same(object, applied) ? [] : [path];
  return Object.keys(object)
    .filter((name) => name in applied)
    .flatMap((name) => conflicts(object[name], applied[name], `${path}.${name}`));
}

function refusal(
  code: number,
  reason: string,
  message: string,
  causes: { reason: string; message: string; field: string }[],
): ApiError {
  return new ApiError({ code, reason, message, status: { apiVersion: 'v1', kind: 'Status', details: { causes } } });
}
