// The schemas of the built-in kinds, read from the very package that gives their TypeScript types. Its declarations are
// generated and regular: interfaces of fields with a comment each. What TypeScript cannot say (list keys, merge keys,
// atomic structs, formats) comes from hints.ts. Read on first use, one group at a time: that takes milliseconds.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fieldHints, isOptional, structHints } from './hints.js';
import { addNewerFields } from './newer-fields.js';
import { definitionOf, ref, type Schema } from './schema.js';

const types = dirname(createRequire(import.meta.url).resolve('kubernetes-types/package.json'));

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Where the packages of the types are in the API's own naming. */
const packages: Record<string, string> = {
  'meta/v1': META,
  'api/resource': 'io.k8s.apimachinery.pkg.api.resource',
  runtime: 'io.k8s.apimachinery.pkg.runtime',
  'apiextensions/v1': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
};

const packageOf = (module: string): string => packages[module] ?? `io.k8s.api.${module.replace('/', '.')}`;

const moduleOf = new Map(Object.entries(packages).map(([module, name]) => [name, module]));

/** Types whose meaning is not in their declaration. */
const special: Record<string, Schema> = {
  [`${META}.Time`]: { type: 'string', format: 'date-time' },
  [`${META}.MicroTime`]: { type: 'string', format: 'micro-time' },
  [`${META}.FieldsV1`]: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  [`${META}.Patch`]: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string', format: 'quantity' },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': {},
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': {},
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': {},
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': {},
};

const modules = new Map<string, Map<string, Schema>>();

/** The schema of "io.k8s.api.apps.v1.Deployment"; undefined when there is none. */
export function definition(name: string): Schema | undefined {
  const dot = name.lastIndexOf('.');
  const parent = name.slice(0, dot);
  const module = moduleOf.get(parent) ?? parent.replace(/^io\.k8s\.api\./, '').replace('.', '/');
  return load(module).get(name);
}

/** Follows a reference; other schemas are returned as they are. */
export function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = definition(definitionOf(schema.$ref));
  if (!found) throw new Error(`no definition of ${schema.$ref}`);
  return found;
}

/** "apps", "v1", "Deployment" → "io.k8s.api.apps.v1.Deployment". */
export function definitionName(group: string, version: string, kind: string): string {
  // "rbac.authorization.k8s.io" → "rbac", "" → "core".
  return `${packageOf(`${group === '' ? 'core' : (group.split('.')[0] as string)}/${version}`)}.${kind}`;
}

function load(module: string): Map<string, Schema> {
  let definitions = modules.get(module);
  if (!definitions) {
    definitions = parse(module, readFileSync(join(types, `${module}.d.ts`), 'utf8'));
    addNewerFields(packageOf(module), definitions);
    modules.set(module, definitions);
  }
  return definitions;
}

function zeroOf({ type, format }: Schema): Schema {
  if (type === 'string' && format === undefined) return { default: '' };
  return type === 'integer' ? { default: 0 } : {};
}

function parse(module: string, text: string): Map<string, Schema> {
  const definitions = new Map<string, Schema>();
  const imported = new Map<string, string>();
  let comment = '';
  let open: { name: string; schema: Schema } | undefined;
  let map: { name: string; description: string } | undefined;

  const typed = (type: string): Schema =>
    schemaOf(type, (name) => `${packageOf(imported.get(name) ?? module)}.${name}`);
  const addField = (name: string, optional: boolean, schema: Schema, description: string): void => {
    if (!open) return;
    const hint = fieldHints(open.name, name);
    // What is not left out when it is empty is empty when it is left out: part of the key of lists, for one.
    const zero = optional ? {} : zeroOf(schema);
    (open.schema.properties ??= {})[name] = { ...(description ? { description } : {}), ...schema, ...zero, ...hint };
    if (!optional && !isOptional(open.name, name)) (open.schema.required ??= []).push(name);
  };

  for (const line of joinComments(text)) {
    let match: RegExpExecArray | null;
    if ((match = /^\s*\/\*\*(.*)\*\/$/s.exec(line))) {
      comment = clean(match[1] as string);
    } else if ((match = /^import \{ (.*) \} from "(.*)";$/.exec(line))) {
      const from = posix.join(posix.dirname(module), match[2] as string);
      for (const name of (match[1] as string).split(', ')) imported.set(name, from);
    } else if ((match = /^export interface (\w+) \{$/.exec(line))) {
      const name = `${packageOf(module)}.${match[1] as string}`;
      open = { name, schema: special[name] ?? { type: 'object', ...structHints(name) } };
      if (comment) open.schema = { description: comment, ...open.schema };
      comment = '';
    } else if ((match = /^export type (\w+) = /.exec(line))) {
      const name = `${packageOf(module)}.${match[1] as string}`;
      definitions.set(name, { ...(comment ? { description: comment } : {}), ...(special[name] ?? {}) });
      comment = '';
    } else if (open && (match = /^ {4}(?:readonly )?([\w$]+)(\?)?: \{$/.exec(line))) {
      map = { name: match[1] as string, description: comment };
      if (!match[2]) (open.schema.required ??= []).push(map.name);
    } else if (map && (match = /^ {8}\[name: string\]: (.*);$/.exec(line))) {
      addField(map.name, true, { type: 'object', additionalProperties: typed(match[1] as string) }, map.description);
      map = undefined;
    } else if (open && (match = /^ {4}(?:readonly )?([\w$]+)(\?)?: (.*);$/.exec(line))) {
      addField(match[1] as string, match[2] === '?', typed(match[3] as string), comment);
    } else if (open && line === '}') {
      definitions.set(open.name, open.schema);
      open = undefined;
      comment = '';
    }
  }
  return definitions;
}

/** Lines, but a comment is one, however many lines it spans. */
function* joinComments(text: string): Generator<string> {
  let pending: string | undefined;
  for (const line of text.split('\n')) {
    if (pending !== undefined) pending += `\n${line}`;
    else if (/^\s*\/\*\*/.test(line)) pending = line;
    else {
      yield line;
      continue;
    }
    if (line.endsWith('*/')) {
      yield pending;
      pending = undefined;
    }
  }
}

function clean(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}

function schemaOf(type: string, qualify: (name: string) => string): Schema {
  if (type.startsWith('"') || type === 'string') return { type: 'string' };
  if (type === 'number') return { type: 'integer' };
  if (type === 'boolean') return { type: 'boolean' };
  if (type === 'number | string') return { 'x-kubernetes-int-or-string': true };
  const array = /^Array<(.*)>$/.exec(type)?.[1] ?? /^(\w+)\[\]$/.exec(type)?.[1];
  if (array !== undefined) return { type: 'array', items: schemaOf(array, qualify) };
  if (/^\w+$/.test(type)) return ref(qualify(type));
  throw new Error(`cannot read the type ${type}`);
}
