// Tables for people: what `kubectl get` shows.
import type { ApiObject, JsonObject } from './json.js';
import type { Column, ServedResource } from './registry/resource.js';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  version: 'v1' | 'v1beta1';
  include: IncludeObject;
  now: number;
}

const NAME: Column = { name: 'Name', type: 'string', format: 'name', value: ({ metadata }) => metadata.name };

export const AGE: Column = {
  name: 'Age',
  type: 'string',
  value: ({ metadata }, now) => age(metadata.creationTimestamp, now),
};

export function table(
  resource: ServedResource,
  objects: readonly ApiObject[],
  metadata: JsonObject,
  options: TableOptions,
): JsonObject {
  const columns = columnsOf(resource);
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: columns.map((column) => ({
      name: column.name,
      type: column.type,
      format: column.format ?? '',
      description: column.description ?? '',
      priority: column.priority ?? 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => cell(column, object, options.now)),
      ...(options.include === 'None'
        ? {}
        : { object: options.include === 'Object' ? object : partialMetadata(object, options.version) }),
    })),
  };
}

function columnsOf(resource: ServedResource): readonly Column[] {
  if (resource.custom) return [NAME, ...resource.columns];
  return resource.columns.length === 0 ? [NAME, AGE] : resource.columns;
}

function cell(column: Column, object: ApiObject, now: number): unknown {
  const value = column.value(object, now);
  if (value === undefined)
    return column.type === 'string' && column.name !== 'Name' && column.name !== 'Age' ? '' : null;
  return value;
}

export function partialMetadata(object: ApiObject, version: 'v1' | 'v1beta1' = 'v1'): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

/** How long ago, as kubectl writes it: "5s", "3m12s", "4h5m", "2d3h", "400d". */
export function age(since: unknown, now: number): string {
  if (typeof since !== 'string') return '<unknown>';
  const time = Date.parse(since);
  return Number.isNaN(time) ? '<invalid>' : duration(now - time);
}

export function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(`${minutes}m`, seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(`${hours}h`, minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return withRest(`${days}d`, hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  if (years < 8) return withRest(`${years}y`, days % 365, 'd');
  return `${years}y`;
}

const withRest = (text: string, rest: number, unit: string): string => (rest === 0 ? text : `${text}${rest}${unit}`);
