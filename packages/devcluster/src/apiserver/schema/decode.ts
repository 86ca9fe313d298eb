// Brings a client's object into the shape of its schema: what is unknown is dropped and reported, and built-in kinds get
// what decoding into typed structs gives them on a real server (nulls vanish, as do empty values of fields that Go leaves
// out then; times and quantities become canonical).
import { isObject, set, type JsonObject } from '../json.js';
import { resolve } from './definitions.js';
import { emptyValue } from './empty.js';
import { canonicalQuantity } from './quantity.js';
import { omittedWhenEmpty } from './go-types/go-types.js';
import { definitionOf, fieldSchema, keepsUnknown, ref, type Schema } from './schema.js';

export const objectMeta: Schema = ref('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');

export interface Decoded {
  object: JsonObject;
  /** Paths of fields that the schema does not declare. */
  unknown: string[];
}

/** A value that the typed struct cannot hold. The message is what follows "cannot be handled as a Kind: ". */
export class DecodeError extends Error {}

/** Decodes an object of a built-in kind. Throws a DecodeError. */
export function decodeTyped(schema: Schema, object: JsonObject): Decoded {
  const unknown: string[] = [];
  return { object: typed(schema, object, '', unknown) as JsonObject, unknown };
}

function typed(given: Schema, value: unknown, path: string, unknown: string[]): unknown {
  const schema = resolve(given);
  switch (schema.type) {
    case 'object': {
      if (!isObject(value)) throw mismatch(value, 'object', path);
      if (schema['x-kubernetes-preserve-unknown-fields'] && !schema.properties) return value;
      const { additionalProperties } = schema;
      if (typeof additionalProperties === 'object' && resolve(additionalProperties).format === 'quantity')
        return resourceList(value, path);
      const result: JsonObject = {};
      const omitted = given.$ref === undefined ? undefined : omittedWhenEmpty(definitionOf(given.$ref));
      for (const [name, child] of Object.entries(value)) {
        const childPath = join(path, name);
        const declared = fieldSchema(schema, name);
        if (!declared) {
          if (keepsUnknown(schema)) set(result, name, child);
          else unknown.push(childPath);
        } else if (child !== undefined && (child !== null || !schema.properties)) {
          // A field that is null is not there; in a map it is a key, whose value is empty.
          const decoded = typed(declared, child ?? emptyValue(declared), childPath, unknown);
          if (!omitted?.has(name) || !isEmpty(decoded, declared)) set(result, name, decoded);
        }
      }
      return result;
    }
    case 'array': {
      if (!Array.isArray(value)) throw mismatch(value, 'array', path);
      const items = schema.items ?? {};
      return value.map((item, index) => typed(items, item ?? emptyValue(items), `${path}[${index}]`, unknown));
    }
    case 'string':
      return decodeString(schema.format, value, path);
    case 'integer':
      if (!Number.isSafeInteger(value)) throw mismatch(value, 'integer', path);
      if (!isLong(path)) refuseLong(value as number, path);
      return value;
    case 'number':
      if (typeof value !== 'number') throw mismatch(value, 'number', path);
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(value, 'boolean', path);
      return value;
    default:
      if (schema['x-kubernetes-int-or-string'] && typeof value !== 'string' && !Number.isSafeInteger(value)) {
        throw mismatch(value, 'integer or string', path);
      }
      if (schema['x-kubernetes-int-or-string'] && typeof value === 'number') refuseLong(value, path);
      return value;
  }
}

const INT32 = 0x7fff_ffff;

/** Whole numbers of built-in kinds have 32 bits, but for these. */
const longs = new Set(
  (
    'activeDeadlineSeconds deletionGracePeriodSeconds expirationSeconds fsGroup generation gracePeriodSeconds limitBytes ' +
    'observedGeneration revision rollbackTo runAsGroup runAsUser seconds sinceSeconds startingDeadlineSeconds ' +
    'supplementalGroups tailLines terminationGracePeriodSeconds tolerationSeconds templateGeneration remainingItemCount ' +
    'capacity gid sizeBytes maximum minimum maxItems minItems maxLength minLength maxProperties minProperties multipleOf'
  ).split(' '),
);
function refuseLong(value: number, path: string): void {
  if (value > INT32 || value < -INT32 - 1)
    throw new DecodeError(`json: cannot unmarshal number ${value} into Go struct field ${path} of type int32`);
}

const isLong = (path: string): boolean => longs.has(/([\w-]+)(?:\[\d+\])?$/.exec(path)?.[1] ?? '');

/** Thousandths are the least there is of a resource. */
const MILLI = 1_000_000n;

function resourceList(amounts: JsonObject, path: string): JsonObject {
  const result: JsonObject = {};
  for (const [name, amount] of Object.entries(amounts))
    if (amount !== undefined) set(result, name, decodeQuantity(amount ?? '0', join(path, name), MILLI));
  return result;
}

/** What `omitempty` leaves out: zeros, empty lists and maps, but no structs. */
function isEmpty(value: unknown, declared: Schema): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) return Object.keys(value).length === 0 && typeof declared.additionalProperties === 'object';
  return value === '' || value === 0 || value === false;
}

function decodeString(format: string | undefined, value: unknown, path: string): unknown {
  if (format === 'quantity') return decodeQuantity(value, path);
  if (typeof value !== 'string') throw mismatch(value, 'string', path);
  if (format === 'date-time') return wholeSeconds(value, path);
  if (format === 'micro-time' && !MICRO_TIME.test(value)) {
    throw new DecodeError(
      `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse it (${path})`,
    );
  }
  if (format !== 'byte') return value;
  if (!BASE64.test(value)) throw new DecodeError(`illegal base64 data (${path})`);
  // Bits that stand for nothing are not kept.
  return Buffer.from(value, 'base64').toString('base64');
}

function decodeQuantity(value: unknown, path: string, finest?: bigint): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw mismatch(value, 'string', path);
  const canonical = canonicalQuantity(String(value), finest);
  if (canonical === undefined) {
    throw new DecodeError(
      `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' (${path}: ${JSON.stringify(value)})`,
    );
  }
  return canonical;
}

// MicroTime is written, and must be read, with exactly six digits of a second.
const MICRO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(Z|[+-]\d{2}:\d{2})$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** metav1.Time is kept in whole seconds of UTC, whatever was sent. */
function wholeSeconds(value: string, path: string): string {
  const time = Date.parse(value);
  if (!RFC3339.test(value) || Number.isNaN(time)) {
    throw new DecodeError(
      `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse it (${path})`,
    );
  }
  return `${new Date(Math.floor(time / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

function mismatch(value: unknown, wanted: string, path: string): DecodeError {
  const given = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return new DecodeError(`json: cannot unmarshal ${given} into Go struct field ${path} of type ${wanted}`);
}

/**
 * Prunes a custom object: drops what its structural schema does not declare, and reports it. Nulls where none may be are
 * dropped as well, unless `keepNulls`, and then are for validation to refuse.
 */
export function prune(given: Schema, value: unknown, path: string, unknown: string[], keepNulls = false): unknown {
  const schema = resolve(given);
  if (Array.isArray(value)) {
    const items = schema.items;
    return items ? value.map((item, index) => prune(items, item, `${path}[${index}]`, unknown, keepNulls)) : value;
  }
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [name, child] of Object.entries(value)) {
    if (child === undefined) continue;
    const declared = fieldSchema(schema, name);
    // A null that is not allowed counts as absent; whether a default stands in for it is for the defaults to say.
    if (child === null && !keepNulls && declared && !declared.nullable && declared.default === undefined) continue;
    if (declared) set(result, name, prune(declared, child, join(path, name), unknown, keepNulls));
    else if (schema['x-kubernetes-embedded-resource'] && name === 'metadata' && isObject(child))
      set(result, name, embeddedMetadata(child, join(path, name), unknown));
    else if (keepsUnknown(schema) || (schema['x-kubernetes-embedded-resource'] && EMBEDDED.has(name)))
      set(result, name, child);
    else unknown.push(join(path, name));
  }
  return result;
}

/** An object inside of an object has the metadata of any other. */
function embeddedMetadata(metadata: JsonObject, path: string, unknown: string[]): JsonObject {
  const decoded = decodeTyped(objectMeta, metadata);
  unknown.push(...decoded.unknown.map((name) => join(path, name)));
  return decoded.object;
}

const EMBEDDED = new Set(['apiVersion', 'kind', 'metadata']);

const join = (path: string, name: string): string => (path ? `${path}.${name}` : name);
