// How the API merges what is at a place of an object: which lists it merges by keys, which as sets, and which it replaces
// whole. Of built-in kinds from a table, of custom ones from their own schema.
import type { StructuralSchema } from '../crd/structural.js';
import type { CustomResource } from '../crd/define.js';
import { schemaOf } from '../crd/crd.js';
import type { Resource } from '../resource.js';
import { builtInField, builtInTypeOf, isAtomicStruct, objectMeta, type BuiltInField } from './built-in-types.js';

export type ListType =
  /** One value: whoever applies it applies all of it, in this order. */
  | { readonly type: 'atomic' }
  /** Scalars of which each has its own owners. */
  | { readonly type: 'set' }
  /** Items of which each has its own owners, told apart by the values of `keys`; `defaults`: of keys that are left out. */
  | { readonly type: 'map'; readonly keys: readonly string[]; readonly defaults: Readonly<Record<string, unknown>> };

/** What is known of a place in the objects of a kind. The same place is the same object. */
export interface FieldType {
  /** How a list here merges. Atomic where nothing is known. */
  readonly list: ListType;
  /**
   * A map or struct here, and what is in it, is one value: what somebody added to it goes when we apply it. The server fills
   * in defaults all the same.
   */
  readonly atomic: boolean;
  field(name: string): FieldType;
  /** Of a list here, its items; of a map, its values. */
  readonly items: FieldType;
}

/** A field by its name; an item of a list by anything else: its index, or the values of its keys. */
export type FieldTypePath = readonly (string | number | object)[];

const known = new WeakMap<Resource, FieldType>();

/** What is known of the objects of a kind; of a kind of which there is no schema, that of its metadata alone. */
export function fieldTypesOf(resource: Resource): FieldType {
  let type = known.get(resource);
  if (!type) known.set(resource, (type = new ObjectType(inside(resource))));
  return type;
}

/** `listTypeAt(Deployment, ['spec', 'template', 'spec', 'containers', 0, 'env'])`: a map, by "name". */
export function listTypeAt(resource: Resource, path: FieldTypePath): ListType {
  let type = fieldTypesOf(resource);
  for (const segment of path) type = typeof segment === 'string' ? type.field(segment) : type.items;
  return type.list;
}

function inside(resource: Resource): FieldType {
  if (isCustom(resource)) return new SchemaType(schemaOf(resource.definition), false);
  const type = builtInTypeOf(resource.group, resource.version, resource.kind);
  return type === undefined ? unknown : new StructType({ type });
}

function isCustom(resource: Resource): resource is CustomResource {
  return 'definition' in resource;
}

const atomicList: ListType = Object.freeze({ type: 'atomic' });
const setList: ListType = Object.freeze({ type: 'set' });

const nothingKnown = (atomic: boolean): FieldType => ({
  list: atomicList,
  atomic,
  field: () => (atomic ? partOfOne : unknown),
  get items() {
    return atomic ? partOfOne : unknown;
  },
});
const unknown = nothingKnown(false);
const partOfOne = nothingKnown(true);

/** Every object has the same metadata, whatever its schema says. */
class ObjectType implements FieldType {
  readonly list = atomicList;
  readonly atomic = false;
  readonly items = unknown;
  readonly #inside: FieldType;

  constructor(inside: FieldType) {
    this.#inside = inside;
  }

  field(name: string): FieldType {
    return name === 'metadata' ? metadata : this.#inside.field(name);
  }
}

/** A place in an object of a built-in kind. */
class StructType implements FieldType {
  readonly list: ListType;
  readonly atomic: boolean;
  readonly #type: string | undefined;
  readonly #fields = new Map<string, FieldType>();
  #items: FieldType | undefined;

  constructor({ keys, keyDefaults = {}, atomic, type }: BuiltInField) {
    if (keys === 'set') this.list = setList;
    else this.list = keys ? { type: 'map', keys, defaults: keyDefaults } : atomicList;
    this.atomic = atomic === true || (type !== undefined && isAtomicStruct(type));
    this.#type = type;
  }

  field(name: string): FieldType {
    if (this.atomic) return partOfOne;
    let field = this.#fields.get(name);
    if (!field) {
      const said = this.#type === undefined ? undefined : builtInField(this.#type, name);
      this.#fields.set(name, (field = said ? new StructType(said) : unknown));
    }
    return field;
  }

  get items(): FieldType {
    if (this.#type === undefined) return this.atomic ? partOfOne : unknown;
    return (this.#items ??= new StructType({ type: this.#type }));
  }
}

const metadata = new StructType({ type: objectMeta });

/** A place in an object of a custom kind. */
class SchemaType implements FieldType {
  readonly list: ListType;
  readonly atomic: boolean;
  readonly #schema: StructuralSchema;
  readonly #fields = new Map<string, FieldType>();
  #items: FieldType | undefined;

  constructor(schema: StructuralSchema, inAtomic: boolean) {
    this.#schema = schema;
    this.atomic = inAtomic || schema['x-kubernetes-map-type'] === 'atomic';
    this.list = inAtomic ? atomicList : listTypeOf(schema);
  }

  field(name: string): FieldType {
    let field = this.#fields.get(name);
    if (!field) this.#fields.set(name, (field = this.#fieldOf(name)));
    return field;
  }

  get items(): FieldType {
    const { items, additionalProperties } = this.#schema;
    const schema = items ?? additionalProperties;
    return (this.#items ??= schema ? new SchemaType(schema, this.atomic) : this.atomic ? partOfOne : unknown);
  }

  #fieldOf(name: string): FieldType {
    const { properties = {}, additionalProperties } = this.#schema;
    if (name === 'metadata' && this.#schema['x-kubernetes-embedded-resource'] && !this.atomic) return metadata;
    const schema = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (schema) return new SchemaType(schema, this.atomic);
    return this.atomic ? partOfOne : unknown;
  }
}

function listTypeOf(schema: StructuralSchema): ListType {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return setList;
  if (type !== 'map') return atomicList;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const defaults: Record<string, unknown> = {};
  for (const key of keys) {
    const value = schema.items?.properties?.[key]?.default;
    if (value !== undefined) defaults[key] = value;
  }
  return { type: 'map', keys, defaults };
}
