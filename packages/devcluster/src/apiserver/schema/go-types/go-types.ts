// What Kubernetes' Go types say about the built-in kinds that neither JSON schemas nor TypeScript's types tell: by which
// number a field goes in protobuf, and whether an empty value is written at all.
import { core } from './core.js';
import { groups } from './groups.js';
import type { GoTypes } from './table.js';

export interface GoField {
  /** The JSON name; "" for a struct whose fields are in place of it. */
  name: string;
  number: number;
  /** The definition of that struct. */
  inlined?: string;
  /** An empty value is the same as none. */
  omitEmpty: boolean;
  /** There is a difference between none and an empty one. */
  pointer: boolean;
}

const packages: GoTypes = { ...core, ...groups };
const parsed = new Map<string, readonly GoField[]>();

/** The fields of "io.k8s.api.apps.v1.DeploymentSpec"; undefined for types that are not in the tables. */
export function goFields(definition: string): readonly GoField[] | undefined {
  let fields = parsed.get(definition);
  if (!fields) {
    const dot = definition.lastIndexOf('.');
    const parent = definition.slice(0, dot);
    const text = packages[parent]?.[definition.slice(dot + 1)];
    if (text === undefined) return undefined;
    fields = text === '' ? [] : text.split(' ').map((item) => fieldOf(parent, item));
    parsed.set(definition, fields);
  }
  return fields;
}

/** The fields of a type, with those of structs that JSON has in place of them. */
export const flattenedFields = (definition: string): readonly GoField[] =>
  (goFields(definition) ?? []).flatMap((field) =>
    field.inlined === undefined ? [field] : flattenedFields(field.inlined),
  );

const omitted = new Map<string, ReadonlySet<string>>();

/** JSON names of the fields of a type that are left out when they are empty; undefined for types not in the tables. */
export function omittedWhenEmpty(definition: string): ReadonlySet<string> | undefined {
  let names = omitted.get(definition);
  const fields = names ? undefined : goFields(definition);
  if (fields) {
    names = new Set(
      fields.flatMap(({ name, inlined, omitEmpty }) => {
        if (inlined !== undefined) return [...(omittedWhenEmpty(inlined) ?? [])];
        return omitEmpty ? [name] : [];
      }),
    );
    omitted.set(definition, names);
  }
  return names;
}

function fieldOf(parent: string, text: string): GoField {
  const [, name = '', number = '', mark = '', inlined] = /^(\w+|=):(\d+)([?*]?)(?::(\w+))?$/.exec(text) ?? [];
  return {
    name: name === '=' ? '' : name,
    number: Number(number),
    omitEmpty: mark === '?',
    pointer: mark === '*',
    ...(inlined === undefined ? {} : { inlined: `${parent}.${inlined}` }),
  };
}
