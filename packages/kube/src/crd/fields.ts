// Fields that Kubernetes knows and TypeBox does not. `Type` itself does the rest.
import { Type, type SchemaOptions, type TArray, type TObject, type TSchema, type TUnsafe } from '@sinclair/typebox';
import type { Condition } from '../meta.js';

/** One of a few strings; shorter than a union of literals. */
export function StringEnum<const T extends readonly string[]>(
  values: T,
  options: SchemaOptions = {},
): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ ...options, type: 'string', enum: values });
}

/** A port by number or name, a count or a percentage. */
export function IntOrString(options: SchemaOptions = {}): TUnsafe<number | string> {
  return Type.Unsafe<number | string>({
    ...options,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    'x-kubernetes-int-or-string': true,
  });
}

const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

/** resource.Quantity: "10Gi", "500m", 2; of 64 characters at most. See `parseQuantity`. */
export function Quantity(options: SchemaOptions = {}): TUnsafe<number | string> {
  return IntOrString({ pattern: quantityPattern, maxLength: 64, ...options });
}

/** An object that is kept as it is: neither validated nor pruned. `T` is what the code takes it for. */
export function PassThrough<T extends object = Record<string, unknown>>(options: SchemaOptions = {}): TUnsafe<T> {
  return Type.Unsafe<T>({ ...options, type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
}

/** `null` is a value of its own here, and not dropped. */
export function Nullable<T extends TSchema>(schema: T) {
  const { default: value, description, ...rest } = schema as { default?: unknown; description?: string };
  return Type.Union([rest as T, Type.Null()], {
    ...(value !== undefined && { default: value }),
    ...(description !== undefined && { description }),
  });
}

/** Labels, annotations, selectors. `values`: what the values have to be besides strings, `maxLength` for instance. */
export function StringMap(options: SchemaOptions = {}, values: SchemaOptions = {}): TUnsafe<Record<string, string>> {
  const additionalProperties = { type: 'string', ...values };
  return Type.Unsafe<Record<string, string>>({ ...options, type: 'object', additionalProperties });
}

/** A list whose items are known by `keys`: server-side apply merges them one by one. */
export function ListMap<T extends TObject>(item: T, keys: readonly string[], options: SchemaOptions = {}): TArray<T> {
  return Type.Array(item, { ...options, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
}

/** A list in which nothing stands twice. */
export function ListSet<T extends TSchema>(item: T, options: SchemaOptions = {}): TArray<T> {
  return Type.Array(item, { ...options, 'x-kubernetes-list-type': 'set' });
}

/** metav1.Condition, with the limits that the API machinery sets. */
const condition = Type.Object({
  type: Type.String({
    description: 'PascalCase.',
    maxLength: 316,
    pattern:
      '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  }),
  status: StringEnum(['True', 'False', 'Unknown'], { description: 'Unknown: nobody can tell.' }),
  reason: Type.String({
    description: 'PascalCase, stable: what programs look at.',
    minLength: 1,
    maxLength: 1024,
    pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  }),
  message: Type.String({ description: 'For people.', maxLength: 32768 }),
  lastTransitionTime: Type.String({ description: 'When status last changed.', format: 'date-time', maxLength: 64 }),
  observedGeneration: Type.Optional(
    Type.Integer({ description: 'The metadata.generation that this was computed from.', format: 'int64', minimum: 0 }),
  ),
});

export function Conditions(options: SchemaOptions = {}): TUnsafe<Condition[]> {
  return Type.Unsafe<Condition[]>(
    ListMap(condition, ['type'], {
      description: 'The state in detail, one entry per type.',
      maxItems: 256,
      ...options,
    }),
  );
}
