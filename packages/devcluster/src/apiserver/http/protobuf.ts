// Bodies in Kubernetes' protobuf, which Go's typed clients send (`kubectl drain`, `kubectl create deployment`). What is
// read becomes the JSON that the same client would have sent; answers are always JSON.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { MOST_ELEMENTS } from '../bounds.js';
import { badRequest, tooLarge, unsupportedMediaType } from '../errors.js';
import { set, type JsonObject } from '../json.js';
import { definition, definitionName, resolve } from '../schema/definitions.js';
import { goFields, type GoField } from '../schema/go-types/go-types.js';
import { definitionOf, type Schema } from '../schema/schema.js';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0');

/** Throws 415 for kinds that are not in the tables of `schema/go-types`, and 400 for what is no protobuf. */
export function decodeProtobuf(body: Uint8Array): JsonObject {
  if (!MAGIC.equals(body.subarray(0, MAGIC.length)))
    throw badRequest('the object provided is unrecognized: it does not begin as Kubernetes objects in protobuf do');
  try {
    const { apiVersion, kind, raw } = envelope(body.subarray(MAGIC.length));
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    // Options belong to no group of their own: clients name that of the request.
    const name = definitionName(
      kind === 'DeleteOptions' ? 'meta' : group,
      kind === 'DeleteOptions' ? 'v1' : version,
      kind,
    );
    const schema = goFields(name) && definition(name);
    if (!schema) {
      throw unsupportedMediaType(
        `protobuf is read here for built-in kinds only, not for ${kind} of ${apiVersion} - send it as application/json`,
      );
    }
    return { apiVersion, kind, ...struct(name, schema, raw) };
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError || isOutOfBounds(error))
      throw badRequest(`the object provided is no protobuf: ${(error as Error).message}`);
    throw error;
  }
}

/** The reader's own complaints are plain Errors. */
const isOutOfBounds = (error: unknown): boolean => error instanceof Error && error.constructor === Error;

interface Envelope {
  apiVersion: string;
  kind: string;
  raw: Uint8Array;
}

/** runtime.Unknown: the type, and the object itself as bytes. */
function envelope(bytes: Uint8Array): Envelope {
  const found: Envelope = { apiVersion: '', kind: '', raw: new Uint8Array() };
  each(bytes, (reader, number) => {
    if (number === 1) {
      each(reader.bytes(), (type, part) => {
        if (part === 1) found.apiVersion = type.string();
        else if (part === 2) found.kind = type.string();
        else return false;
        return true;
      });
    } else if (number === 2) {
      found.raw = reader.bytes();
    } else {
      return false;
    }
    return true;
  });
  return found;
}

/** Goes through the fields of a message; those that `take` returns false for are skipped. */
function each(bytes: Uint8Array, take: (reader: BinaryReader, number: number, wire: WireType) => boolean): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (!take(reader, number, wire)) reader.skip(wire, number);
  }
}

const known = new Map<string, ReadonlyMap<number, GoField>>();

/** By number; once per type, as a body may have a million of its objects. */
function fieldsOf(name: string): ReadonlyMap<number, GoField> {
  let fields = known.get(name);
  if (!fields) known.set(name, (fields = new Map((goFields(name) ?? []).map((field) => [field.number, field]))));
  return fields;
}

function struct(name: string, schema: Schema, bytes: Uint8Array, target: JsonObject = {}): JsonObject {
  const fields = fieldsOf(name);
  each(bytes, (reader, number, wire) => {
    const field = fields.get(number);
    if (!field) return false;
    if (field.inlined !== undefined) {
      struct(field.inlined, schema, reader.bytes(), target);
      return true;
    }
    const declared = schema.properties?.[field.name];
    if (!declared) return false;
    take(target, field, declared, reader, wire);
    return true;
  });
  return target;
}

function take(target: JsonObject, field: GoField, declared: Schema, reader: BinaryReader, wire: WireType): void {
  const { name } = field;
  const schema = resolve(declared);
  if (schema.type === 'array') {
    const list = (target[name] ??= []) as unknown[];
    const items = schema.items ?? {};
    if (wire === WireType.LengthDelimited && resolve(items).type === 'integer') {
      const packed = new BinaryReader(reader.bytes());
      while (packed.pos < packed.len) list.push(valueOf(items, packed));
    } else {
      list.push(valueOf(items, reader));
    }
    if (list.length > MOST_ELEMENTS) throw tooLarge(`the limit is ${MOST_ELEMENTS} elements in a list`);
    return;
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object') {
    const [key, value] = entry(additionalProperties, reader.bytes());
    set((target[name] ??= {}) as JsonObject, key, value);
    return;
  }
  const value = valueOf(declared, reader);
  // Go writes the zero values of all that is no pointer.
  if (value === undefined || (field.omitEmpty && isZero(value))) return;
  target[name] = value;
}

function entry(schema: Schema, bytes: Uint8Array): [string, unknown] {
  let key = '';
  let value: unknown;
  each(bytes, (reader, number) => {
    if (number === 1) key = reader.string();
    else if (number === 2) value = valueOf(schema, reader);
    else return false;
    return true;
  });
  return [key, value ?? (resolve(schema).type === 'array' ? [] : '')];
}

function valueOf(declared: Schema, reader: BinaryReader): unknown {
  const schema = resolve(declared);
  if (schema['x-kubernetes-int-or-string']) return intOrString(reader.bytes());
  switch (schema.type) {
    case 'boolean':
      return reader.bool();
    case 'integer':
      return Number(reader.int64());
    case 'string':
      return text(schema.format, reader);
    case 'array':
      // A list as the value of a map is a message of its own.
      return strings(reader.bytes());
    default:
  }
  const bytes = reader.bytes();
  // What Go keeps as raw JSON.
  if (declared.$ref === undefined || !schema.properties) return json(bytes);
  return struct(definitionOf(declared.$ref), schema, bytes);
}

function text(format: string | undefined, reader: BinaryReader): string | undefined {
  switch (format) {
    case 'byte':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'quantity':
      return strings(reader.bytes())[0];
    case 'date-time':
    case 'micro-time':
      return time(format, reader.bytes());
    default:
      return reader.string();
  }
}

/** The strings of field 1. */
function strings(bytes: Uint8Array): string[] {
  const found: string[] = [];
  each(bytes, (reader, number) => number === 1 && found.push(reader.string()) > 0);
  return found;
}

/** Undefined for the zero time. */
function time(format: 'date-time' | 'micro-time', bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  let seconds = 0;
  let nanos = 0;
  each(bytes, (reader, number) => {
    if (number === 1) seconds = Number(reader.int64());
    else if (number === 2) nanos = reader.int32();
    else return false;
    return true;
  });
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return format === 'date-time' ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

function intOrString(bytes: Uint8Array): number | string {
  let isText = false;
  let number = 0;
  let words = '';
  each(bytes, (reader, field) => {
    if (field === 1) isText = reader.int32() === 1;
    else if (field === 2) number = reader.int32();
    else if (field === 3) words = reader.string();
    else return false;
    return true;
  });
  return isText ? words : number;
}

function json(bytes: Uint8Array): unknown {
  let raw: unknown;
  each(bytes, (reader, number) => {
    if (number !== 1) return false;
    raw = JSON.parse(Buffer.from(reader.bytes()).toString()) as unknown;
    return true;
  });
  return raw;
}

function isZero(value: unknown): boolean {
  return (
    value === '' ||
    value === 0 ||
    value === false ||
    (typeof value === 'object' && Object.keys(value ?? {}).length === 0)
  );
}
