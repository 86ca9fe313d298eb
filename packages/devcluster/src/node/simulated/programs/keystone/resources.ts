// What the collections of Keystone's API have in common, and what is particular to each: who may not exist twice, what a
// row refers to, what it has without being asked.
import type { CollectionName, IdentityData, Row } from './data.js';
import { newId } from './data.js';
import { badRequest, conflict, forbidden, notFound } from './errors.js';

interface Collection {
  singular: string;
  required: readonly string[];
  /** What a new row has unless it is given. */
  defaults: Readonly<Record<string, unknown>>;
  /** Names are taken among all, or within a domain. Absent: there may be any number of one name. */
  unique?: 'everywhere' | 'in its domain';
  /** Those that a row may have, where others spoil every list that it is in. */
  attributes?: readonly string[];
  /** Called with what a new or changed row will be, to refuse or complete it. */
  check?: (data: IdentityData, row: Row) => void;
  /** Refuses what cannot be deleted yet. */
  checkRemoval?: (data: IdentityData, row: Row) => void;
}

const inDomain = { domain_id: 'default', enabled: true, description: '' };

function domainMustExist(data: IdentityData, { domain_id: id = '' }: Row): void {
  if (!data.get('domains', id)) throw notFound('domain', id);
}

function checkEndpoint(data: IdentityData, row: Row): void {
  const { service_id: service, region } = row;
  const kinds = ['admin', 'public', 'internal'];
  if (!kinds.includes(String(row['interface'])))
    throw badRequest(
      `Invalid input for field 'interface': '${String(row['interface'])}' is not one of ['admin', 'public', 'internal']`,
    );
  const missing = (name: string): Error =>
    badRequest(
      `Expecting to find valid endpoint ${name}_id in ${name} table. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
    );
  if (!data.get('services', String(service))) throw missing('service');
  // The older form: such a region is made when it is not there.
  if (typeof region === 'string' && row['region_id'] === undefined) {
    if (!data.get('regions', region)) data.put('regions', { id: region, description: '', parent_region_id: null });
    row['region_id'] = region;
  }
  const id = row['region_id'];
  if (typeof id === 'string' && !data.get('regions', id)) throw missing('region');
  row['region_id'] = id ?? null;
  row['region'] = row['region_id'];
}

export const resources: Readonly<Record<CollectionName, Collection>> = {
  domains: {
    singular: 'domain',
    required: ['name'],
    defaults: { enabled: true, description: '' },
    unique: 'everywhere',
    attributes: ['id', 'name', 'description', 'enabled', 'options', 'tags'],
    checkRemoval: (_data, { enabled }) => {
      if (enabled) throw forbidden('Cannot delete a domain that is enabled, please disable it first.');
    },
  },
  projects: {
    singular: 'project',
    required: ['name'],
    defaults: { ...inDomain, is_domain: false, parent_id: 'default', tags: [], options: {} },
    unique: 'in its domain',
    check: domainMustExist,
  },
  users: {
    singular: 'user',
    required: ['name'],
    defaults: { domain_id: 'default', enabled: true, options: {}, password_expires_at: null },
    unique: 'in its domain',
    check: domainMustExist,
  },
  roles: {
    singular: 'role',
    required: ['name'],
    defaults: { domain_id: null, description: null, options: {} },
    unique: 'everywhere',
  },
  services: { singular: 'service', required: ['type'], defaults: { enabled: true } },
  regions: { singular: 'region', required: [], defaults: { description: '', parent_region_id: null } },
  endpoints: {
    singular: 'endpoint',
    required: ['interface', 'service_id', 'url'],
    defaults: { enabled: true },
    attributes: ['id', 'name', 'description', 'enabled', 'interface', 'region', 'region_id', 'service_id', 'url'],
    check: checkEndpoint,
  },
};

export function find(data: IdentityData, collection: CollectionName, id: string): Row {
  const row = data.get(collection, id);
  if (!row) throw notFound(resources[collection].singular, id);
  return row;
}

export function create(data: IdentityData, collection: CollectionName, given: Record<string, unknown>): Row {
  const { required, defaults, singular, check } = resources[collection];
  for (const name of required) if (given[name] === undefined) throw badRequest(`'${name}' is a required property`);
  // Only a region may be given its id.
  const id = collection === 'regions' && typeof given['id'] === 'string' ? given['id'] : newId();
  const row: Row = { ...defaults, ...given, id };
  if (data.get(collection, id)) throw conflict(singular, `Duplicate ID, ${id}`);
  checkName(data, collection, row);
  check?.(data, row);
  return data.put(collection, row);
}

export function change(
  data: IdentityData,
  collection: CollectionName,
  id: string,
  given: Record<string, unknown>,
): Row {
  const former = find(data, collection, id);
  if (given['id'] !== undefined && given['id'] !== id) throw badRequest('Cannot change ID');
  if (given['domain_id'] !== undefined && given['domain_id'] !== former.domain_id)
    throw badRequest('Cannot change Domain ID');
  // A region by its older name takes the place of the one by id.
  const kept = given['region'] !== undefined && given['region_id'] === undefined ? { region_id: undefined } : {};
  const row: Row = { ...former, ...kept, ...given, id };
  checkName(data, collection, row);
  resources[collection].check?.(data, row);
  return data.put(collection, row);
}

export function remove(data: IdentityData, collection: CollectionName, id: string): void {
  resources[collection].checkRemoval?.(data, find(data, collection, id));
  data.remove(collection, id);
}

/** What a query may ask of a value besides that it is the one. `i` before an operator: in whatever case. */
const comparisons: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  contains: (value, wanted) => value.includes(wanted),
  startswith: (value, wanted) => value.startsWith(wanted),
  endswith: (value, wanted) => value.endsWith(wanted),
};

/** Rows of which every attribute that the query names is as it says. Plain names are compared as MariaDB does. */
export function select(data: IdentityData, collection: CollectionName, query: URLSearchParams): Row[] {
  refuseUnknown(data, collection);
  const wanted = [...query].filter(([name]) => !['limit', 'marker', 'sort_key', 'sort_dir'].includes(name));
  return data.list(collection, (row) =>
    wanted.every(([name, wantedValue]) => {
      const [attribute = '', operator = ''] = name.split('__');
      if (row[attribute] === undefined) return true;
      const value = text(row[attribute]);
      const compare = comparisons[operator.replace(/^i/, '')];
      if (compare && !operator.startsWith('i')) return compare(value, wantedValue);
      const [has, asked] = [value.toLowerCase(), wantedValue.toLowerCase()];
      return compare ? compare(has, asked) : has === asked;
    }),
  );
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Since 2025.1 a list is checked before it is answered: one row with an attribute that nobody knows spoils it. */
function refuseUnknown(data: IdentityData, collection: CollectionName): void {
  const attributes = resources[collection].attributes;
  if (!attributes) return;
  const unknown = data.list(collection).flatMap((row) => Object.keys(row).filter((name) => !attributes.includes(name)));
  if (unknown.length > 0)
    throw badRequest(`Additional properties are not allowed ('${unknown.join("', '")}' was unexpected)`);
}

function checkName(data: IdentityData, collection: CollectionName, { id, name, domain_id: domain }: Row): void {
  const { unique, singular } = resources[collection];
  if (!unique || name === undefined) return;
  const other = data.named(collection, name, unique === 'in its domain' ? domain : undefined);
  if (!other || other.id === id) return;
  const where = unique === 'in its domain' ? ` at domain ID ${domain ?? ''}` : '';
  throw conflict(singular, `Duplicate entry found with name ${name}${where}`);
}
