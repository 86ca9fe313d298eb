// Query parameters of resource requests.
import { badRequest, field, invalid } from '../errors.js';
import type { Verb } from '../registry/resource.js';
import type { DeleteOptions, FieldValidation, Parameters } from '../request.js';
import type { ResourcePath } from './path.js';

export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): Verb | undefined {
  const one = path.name !== undefined;
  if (CONNECTING.has(path.subresource ?? ''))
    return method === 'GET' ? 'get' : method === 'POST' ? 'create' : undefined;
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (flag(query, 'watch')) return 'watch';
      return one ? 'get' : 'list';
    case 'POST':
      return one && path.subresource === undefined ? undefined : 'create';
    case 'PUT':
      return one ? 'update' : undefined;
    case 'PATCH':
      return one ? 'patch' : undefined;
    case 'DELETE':
      return one ? 'delete' : 'deletecollection';
    default:
      return undefined;
  }
}

const CONNECTING = new Set(['exec', 'attach', 'portforward']);

export function parseParameters(query: URLSearchParams): Parameters {
  const parameters: Parameters = {};
  for (const name of ['labelSelector', 'fieldSelector', 'resourceVersion', 'continue', 'fieldManager'] as const) {
    const value = query.get(name);
    if (value) parameters[name] = value;
  }
  for (const name of ['limit', 'timeoutSeconds'] as const) {
    const value = integer(query, name);
    if (value !== undefined) parameters[name] = value;
  }
  for (const name of ['allowWatchBookmarks', 'sendInitialEvents', 'force'] as const) {
    const value = flag(query, name);
    if (value !== undefined) parameters[name] = value;
  }
  const match = query.get('resourceVersionMatch');
  if (match) parameters.resourceVersionMatch = oneOf('resourceVersionMatch', match, ['Exact', 'NotOlderThan']);
  const validation = query.get('fieldValidation');
  if (validation)
    parameters.fieldValidation = oneOf<FieldValidation>('fieldValidation', validation, ['Ignore', 'Strict', 'Warn']);
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  for (const value of dryRun) oneOf('dryRun', value, ['All']);
  if (dryRun.length > 0) parameters.dryRun = true;
  return parameters;
}

/** DeleteOptions may come as query parameters as well. */
export function deleteOptions(query: URLSearchParams): DeleteOptions & { orphanDependents?: boolean } {
  const gracePeriodSeconds = integer(query, 'gracePeriodSeconds');
  const orphanDependents = flag(query, 'orphanDependents');
  const policy = query.get('propagationPolicy');
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(policy
      ? { propagationPolicy: oneOf('propagationPolicy', policy, ['Background', 'Foreground', 'Orphan']) }
      : {}),
  };
}

export function flag(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  // As Go's conversion of query parameters reads it.
  return value !== 'false' && value !== '0';
}

export function integer(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^-?\d+$/.test(value))
    throw badRequest(`invalid value of ${name}: strconv.ParseInt: parsing "${value}": invalid syntax`);
  return Number(value);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined)
    throw invalid({ group: 'meta.k8s.io', kind: 'Options' }, '', [field.notSupported(name, value, allowed)]);
  return found;
}
