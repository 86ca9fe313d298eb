// Fields that an object does not have and its published schema does, each with values of its type.
import type { Mutation, Path } from './mutations.js';
import type { Server } from './server.js';

/** What an OpenAPI document says of a type, as far as it is read here. */
interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string;
  format?: string;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

interface Document {
  components?: { schemas?: Record<string, Schema> };
}

/** The servers' own, or of no interest. */
const left = new Set(['status', 'managedFields', 'selfLink']);

/** A field of a field is the deepest that is tried alone. */
const DEPTH = 2;

/** Every field that the schema of the server has and the object has not, in turn. */
export async function additionsTo(server: Server, object: Readonly<Record<string, unknown>>): Promise<Mutation[]> {
  const { apiVersion, kind } = object as { apiVersion: string; kind: string };
  const path = apiVersion.includes('/') ? `/openapi/v3/apis/${apiVersion}` : `/openapi/v3/api/${apiVersion}`;
  const { code, body } = await server.send('GET', path);
  if (code !== 200) throw new Error(`GET ${path}: ${code}`);
  const schemas = (body as Document).components?.schemas ?? {};
  const root = Object.values(schemas).find((schema) =>
    schema['x-kubernetes-group-version-kind']?.some((known) => known.kind === kind && versionOf(known) === apiVersion),
  );
  if (!root) throw new Error(`${path} has no ${kind}`);
  return [...new Types(schemas).missing(root, object, [])];
}

const versionOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`;

class Types {
  readonly #schemas: Readonly<Record<string, Schema>>;

  constructor(schemas: Readonly<Record<string, Schema>>) {
    this.#schemas = schemas;
  }

  *missing(given: Schema, value: unknown, path: Path): Generator<Mutation> {
    const schema = this.#resolved(given);
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) yield* this.missing(schema.items ?? {}, item, [...path, index]);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const present = value as Readonly<Record<string, unknown>>;
    for (const [name, child] of Object.entries(schema.properties ?? {})) {
      if (left.has(name)) continue;
      const here = [...path, name];
      if (name in present) yield* this.missing(child, present[name], here);
      else for (const made of this.#values(child, DEPTH)) yield addition(here, made);
    }
  }

  *#values(given: Schema, depth: number): Generator<unknown> {
    const schema = this.#resolved(given);
    switch (schema.type) {
      case 'string':
        yield* schema.enum ?? this.#texts(schema);
        return;
      case 'integer':
      case 'number':
        yield* [1, -1];
        return;
      case 'boolean':
        yield true;
        return;
      case 'array':
        yield [];
        for (const item of this.#values(schema.items ?? {}, depth)) yield [item];
        return;
      default:
        yield* this.#objects(schema, depth);
    }
  }

  *#texts({ format }: Schema): Generator<unknown> {
    if (format === 'date-time') yield '2025-01-01T00:00:00Z';
    else if (format === 'byte') yield 'AAA=';
    else yield* ['text', 'Bad text!'];
  }

  *#objects(schema: Schema, depth: number): Generator<unknown> {
    yield {};
    const { additionalProperties, properties = {} } = schema;
    if (typeof additionalProperties === 'object') {
      const [one] = this.#values(additionalProperties, 0);
      yield { key: one };
    }
    if (depth === 0) return;
    const needed = this.#needed(schema);
    for (const [name, child] of Object.entries(properties))
      for (const made of this.#values(child, depth - 1)) yield { ...needed, [name]: made };
  }

  /** The required fields, each with the first value of its type that is not empty. */
  #needed(given: Schema): Record<string, unknown> {
    const { properties = {}, required = [] } = this.#resolved(given);
    return Object.fromEntries(
      required.flatMap((name) => {
        const child = properties[name];
        if (!child) return [];
        const [first, second] = this.#values(child, 1);
        return [[name, Array.isArray(first) || isEmpty(first) ? (second ?? first) : first]];
      }),
    );
  }

  #resolved(schema: Schema): Schema {
    const reference = schema.$ref ?? schema.allOf?.[0]?.$ref;
    return reference === undefined ? schema : (this.#schemas[reference.slice(reference.lastIndexOf('/') + 1)] ?? {});
  }
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

function addition(path: Path, value: unknown): Mutation {
  return {
    path,
    change: `added as ${JSON.stringify(value)}`,
    apply: (object) => {
      let node = object;
      for (const key of path.slice(0, -1)) node = isNode(node) ? node[key] : undefined;
      if (isNode(node)) node[path.at(-1) ?? ''] = structuredClone(value);
    },
  };
}

const isNode = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null;
