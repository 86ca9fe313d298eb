// Server-side apply: merges a configuration into the live object and settles who owns what.
import type { ApiError } from '@stackwright/kube';
import { statusError } from '../errors.js';
import type { ApiObject, JsonObject } from '../json.js';
import type { ServedResource } from '../registry/resource.js';
import {
  difference,
  emptySet,
  formatPath,
  intersection,
  isEmpty,
  paths,
  union,
  type FieldPath,
  type FieldSet,
} from './field-set.js';
import { beforeFirstApply, decodeManagers, owned, same, sameManager, type Managed, type Manager } from './managers.js';
import { objectSchema } from './object-schema.js';
import { prune } from './prune.js';
import { compare, fieldSetOf, merge } from './typed.js';

export interface Applied {
  object: JsonObject;
  managed: Managed[];
}

export interface ApplyOptions {
  /** Take fields over from other managers. */
  force?: boolean;
  /** Fields that may be taken over without force. */
  yielded?: FieldSet;
}

/**
 * Throws an ApiError (409) that names the managers, when the configuration changes fields of theirs and `force` is not
 * given, and a MergeError when the configuration cannot be merged.
 */
export function applyConfiguration(
  resource: ServedResource,
  live: ApiObject | undefined,
  config: JsonObject,
  manager: Manager,
  options: ApplyOptions = {},
): Applied {
  const schema = objectSchema(resource);
  const named = fieldSetOf(schema, config);
  const applied = owned(resource, manager.subresource, named);
  if (!live) return { object: config, managed: [{ manager, fields: applied }] };

  const before = live.metadata.managedFields?.length
    ? decodeManagers(live.metadata.managedFields)
    : beforeFirstApply(schema, resource, live, manager);
  const mine = before.find((entry) => sameManager(entry.manager, manager));
  let managed: Managed[] = [...before.filter((entry) => entry !== mine), { manager, fields: applied }];

  let object = merge(schema, live, config) as JsonObject;
  if (mine && !isEmpty(mine.fields)) {
    // `named` still has the metadata that nobody can own: it keeps `.metadata` itself.
    const claimed = managed.reduce((all, entry) => union(all, entry.fields), named);
    object = prune(schema, object, mine.fields, claimed) as JsonObject;
  }

  const { added, modified, removed } = compare(schema, live, object);
  const changed = owned(resource, manager.subresource, union(added, modified));
  const conflicts = managed
    .filter((entry) => !sameManager(entry.manager, manager))
    .map((entry) => ({ manager: entry.manager, fields: intersection(entry.fields, changed) }))
    .filter(({ fields }) => !isEmpty(fields));
  const refused = conflicts
    .map((conflict) => ({ ...conflict, fields: difference(conflict.fields, options.yielded ?? emptySet()) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (refused.length > 0 && !options.force) throw conflictError(refused);
  // Who agrees with what is there already is not dated anew.
  const dated = same(object as unknown as ApiObject, live) ? redated(manager, mine?.manager.time) : manager;
  managed = managed.map((entry) => {
    const lost = conflicts.find((item) => item.manager === entry.manager)?.fields ?? emptySet();
    return {
      manager: entry.manager === manager ? dated : entry.manager,
      fields: difference(difference(entry.fields, lost), removed),
    };
  });
  return { object, managed };
}

function redated({ time: _, ...manager }: Manager, time: string | undefined): Manager {
  return time === undefined ? manager : { ...manager, time };
}

function conflictError(conflicts: readonly Managed[]): ApiError {
  const all = conflicts.flatMap(({ manager, fields }) => paths(fields).map((path) => ({ manager, path })));
  const [first] = all;
  const details = {
    causes: all.map(({ manager, path }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${describe(manager)}`,
      field: formatPath(path),
    })),
  };
  if (all.length === 1 && first) {
    return statusError(
      409,
      'Conflict',
      `Apply failed with 1 conflict: conflict with ${describe(first.manager)}: ${formatPath(first.path)}`,
      details,
    );
  }
  const lines = conflicts.flatMap(({ manager, fields }) => [
    `conflicts with ${describe(manager)}:`,
    ...paths(fields).map((path: FieldPath) => `- ${formatPath(path)}`),
  ]);
  return statusError(409, 'Conflict', `Apply failed with ${all.length} conflicts: ${lines.join('\n')}`, details);
}

function describe(manager: Manager): string {
  const through = manager.subresource === undefined ? '' : ` with subresource "${manager.subresource}"`;
  const when = manager.operation === 'Update' ? ` using ${manager.apiVersion}` : '';
  return `"${manager.name}"${through}${when}`;
}
