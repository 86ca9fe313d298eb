// What a CustomResourceDefinition makes the server serve: one resource per served version.
import type { CustomResourceDefinition } from '@stackwright/kube';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
} from 'kubernetes-types/apiextensions/v1.d.ts';
import type { ApiObject } from '../json.js';
import { parseJsonPath, type JsonPath } from '../jsonpath.js';
import {
  STANDARD_VERBS,
  type Column,
  type Conversion,
  type ScalePaths,
  type ServedResource,
  type Strategy,
  type Subresource,
} from '../registry/resource.js';
import type { Schema } from '../schema/schema.js';
import { AGE, age } from '../table.js';
import type { Converter } from './conversion.js';
import { shaper } from './shape.js';
import { schemaValidator } from './validator.js';

/** `converter` for versions that differ in more than their name. */
export function resourcesOf(definition: CustomResourceDefinition, converter?: Converter): ServedResource[] {
  if (!isEstablished(definition)) return [];
  return definition.spec.versions
    .filter((version) => version.served)
    .map((version) => resourceOf(definition, version, converter));
}

export function isEstablished(definition: CustomResourceDefinition): boolean {
  return (
    definition.status?.conditions?.some(
      (condition) => condition.type === 'Established' && condition.status === 'True',
    ) ?? false
  );
}

function resourceOf(
  { spec, metadata }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  converter: Converter | undefined,
): ServedResource {
  const { names, group } = spec;
  const storageVersion = spec.versions.find(({ storage }) => storage)?.name ?? version.name;
  // The types leave the x-kubernetes extensions out; the schema was checked when the CRD was stored.
  const schema = { type: 'object', ...version.schema?.openAPIV3Schema } as Schema;
  const subresources: Subresource[] = [];
  if (version.subresources?.status) subresources.push('status');
  if (version.subresources?.scale) subresources.push('scale');
  return {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    nameRule: 'subdomain',
    // While its objects are being cleared away no new ones may come.
    verbs:
      metadata?.deletionTimestamp === undefined ? STANDARD_VERBS : STANDARD_VERBS.filter((verb) => verb !== 'create'),
    storage: `${group}/${names.plural}`,
    subresources,
    strategy: strategyOf(schema, version),
    schema: () => schema,
    custom: true,
    columns: printerColumns(version.additionalPrinterColumns ?? []),
    convert: converter?.version(`${group}/${version.name}`, schema) ?? renamed(schema, group, version, storageVersion),
    ...(version.subresources?.scale ? { scale: scalePaths(version.subresources.scale) } : {}),
  };
}

/** Versions that differ in their name only. */
function renamed(
  schema: Schema,
  group: string,
  version: CustomResourceDefinitionVersion,
  storageVersion: string,
): Conversion {
  const apiVersion = `${group}/${storageVersion}`;
  return {
    fromStorage: shaper(schema, `${group}/${version.name}`),
    toStorage: (object) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion }),
  };
}

function strategyOf(schema: Schema, version: CustomResourceDefinitionVersion): Strategy {
  const validate = schemaValidator(schema);
  const selectable = (version.selectableFields ?? []).map(({ jsonPath }) => ({
    name: jsonPath.replace(/^\./, ''),
    path: parseJsonPath(jsonPath),
  }));
  return {
    generationFields: 'all',
    requiresRevision: true,
    validate: (object, old) => validate(object, old),
    fields: (object) => Object.fromEntries(selectable.map(({ name, path }) => [name, asText(path(object)[0])])),
  };
}

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);

/** As on a real server: a column that cannot be read is missing, and so are those after it. */
function printerColumns(columns: readonly CustomResourceColumnDefinition[]): Column[] {
  if (columns.length === 0) return [AGE];
  const readable: Column[] = [];
  for (const column of columns) {
    try {
      readable.push(printerColumn(column, parseJsonPath(column.jsonPath)));
    } catch (error) {
      if (error instanceof SyntaxError) break;
      throw error;
    }
  }
  return readable;
}

function printerColumn(column: CustomResourceColumnDefinition, path: JsonPath): Column {
  return {
    name: column.name,
    type: column.type as Column['type'],
    ...(column.format === undefined ? {} : { format: column.format }),
    ...(column.description === undefined ? {} : { description: column.description }),
    ...(column.priority === undefined ? {} : { priority: column.priority }),
    value: (object, now) => printed(column.type, path(object), now),
  };
}

function printed(type: string, found: unknown[], now: number): string | number | boolean | undefined {
  const [first] = found;
  if (first === undefined) return undefined;
  switch (type) {
    case 'date':
      return age(first, now);
    case 'integer':
    case 'number':
      return typeof first === 'number' ? first : undefined;
    case 'boolean':
      return typeof first === 'boolean' ? first : undefined;
    default:
      return found.map(asText).join(' ');
  }
}

function scalePaths(scale: {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}): ScalePaths {
  const split = (path: string): string[] => path.replace(/^\./, '').split('.');
  return {
    specReplicas: split(scale.specReplicasPath),
    statusReplicas: split(scale.statusReplicasPath),
    ...(scale.labelSelectorPath === undefined ? {} : { selector: split(scale.labelSelectorPath) }),
  };
}

export const definitionOf = (object: ApiObject): CustomResourceDefinition =>
  object as unknown as CustomResourceDefinition;
