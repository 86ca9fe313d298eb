// CustomResourceDefinitions themselves: their defaults, rules, and the acceptance of their names.
import { CustomResourceDefinition } from '@stackwright/kube';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionSpec,
} from 'kubernetes-types/apiextensions/v1.d.ts';
import { timestamp } from '../context.js';
import { field, type FieldError } from '../errors.js';
import { clone, equal } from '../json.js';
import type { Strategy, StrategyContext } from '../registry/resource.js';
import { validateClient } from '../registry/builtin/webhooks.js';
import { nameProblems } from '../schema/formats.js';
import type { Schema } from '../schema/schema.js';
import { definitionOf } from './resources.js';
import { validateSchema } from './schema-rules.js';

export const CRDS = `${CustomResourceDefinition.group}/${CustomResourceDefinition.plural}`;

/** Holds a CRD until its objects are gone. */
export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

export const crdStrategy: Strategy<CustomResourceDefinition> = {
  requiresRevision: true,
  generationFields: ['spec'],

  defaults({ spec }) {
    spec.conversion ??= { strategy: 'None' };
    const service = spec.conversion.webhook?.clientConfig?.service;
    if (service) service.port ??= 443;
    if (spec.names) {
      spec.names.singular ??= spec.names.kind?.toLowerCase() ?? '';
      spec.names.listKind ??= `${spec.names.kind ?? ''}List`;
    }
  },

  prepareForCreate(definition, context) {
    const metadata = (definition.metadata ??= {});
    metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), CLEANUP])];
    accept(definition, undefined, context);
  },

  prepareForUpdate(definition, old, context) {
    accept(definition, old, context);
  },

  validate(definition, old) {
    const { spec } = definition;
    const errors: FieldError[] = [];
    const name = `${spec.names.plural}.${spec.group}`;
    if (definition.metadata?.name !== name) {
      errors.push(
        field.invalid('metadata.name', definition.metadata?.name, `must be spec.names.plural+"."+spec.group`),
      );
    }
    if (!spec.group.includes('.'))
      errors.push(field.invalid('spec.group', spec.group, 'should be a domain with at least one dot'));
    if (!['Namespaced', 'Cluster'].includes(spec.scope))
      errors.push(field.notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
    if (spec.preserveUnknownFields) errors.push(field.invalid('spec.preserveUnknownFields', true, 'must be false'));
    if (old && old.spec.scope !== spec.scope)
      errors.push(field.invalid('spec.scope', spec.scope, 'field is immutable'));
    errors.push(...validateNames(spec), ...validateVersions(spec, old?.spec), ...validateConversion(spec));
    errors.push(...validateStoredVersions(definition));
    return errors;
  },
};

function validateConversion({ conversion }: CustomResourceDefinitionSpec): FieldError[] {
  const path = 'spec.conversion';
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  if (strategy !== 'None' && strategy !== 'Webhook')
    return [field.notSupported(`${path}.strategy`, strategy, ['None', 'Webhook'])];
  if (strategy === 'None') {
    return webhook ? [field.forbidden(`${path}.webhook`, 'should not be set when strategy is not set to Webhook')] : [];
  }
  const errors: FieldError[] = [];
  if (webhook?.clientConfig) errors.push(...validateClient(webhook.clientConfig, `${path}.webhook.clientConfig`));
  else errors.push(field.required(`${path}.webhook.clientConfig`, 'required when strategy is set to Webhook'));
  const versions = webhook?.conversionReviewVersions ?? [];
  if (!versions.includes('v1'))
    errors.push(field.invalid(`${path}.webhook.conversionReviewVersions`, versions, 'must include at least one of v1'));
  return errors;
}

/** Objects may be stored in a version for as long as the status says so: it must not go before. */
function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const names = spec.versions.map(({ name }) => name);
  return (status?.storedVersions ?? []).flatMap((version, index) =>
    names.includes(version)
      ? []
      : [field.invalid(`status.storedVersions[${index}]`, version, 'must appear in spec.versions')],
  );
}

function validateNames({ names }: CustomResourceDefinitionSpec): FieldError[] {
  const lower = {
    plural: names.plural,
    singular: names.singular,
    kind: names.kind.toLowerCase(),
    listKind: names.listKind?.toLowerCase(),
  };
  return Object.entries(lower).flatMap(([name, value]) => {
    const problem = nameProblems('label1035', value ?? '')[0];
    return problem ? [field.invalid(`spec.names.${name}`, value, problem)] : [];
  });
}

/**
 * Where errors of a version's schema are reported: as long as all versions have the same one, a real server keeps it
 * apart from them.
 */
function schemaPath(versions: CustomResourceDefinitionSpec['versions'], index: number): string {
  const shared = versions.every(({ schema }) => equal(schema, versions[0]?.schema));
  return `spec.${shared ? 'validation' : `versions[${index}].schema`}.openAPIV3Schema`;
}

function validateVersions(
  { versions }: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const schemas = new Map<string, Schema>();
  if (versions.filter((version) => version.storage).length !== 1) {
    errors.push(
      field.invalid(
        'spec.versions',
        versions.map((version) => version.name),
        'must have exactly one version marked as storage version',
      ),
    );
  }
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    if (versions.some((other, before) => before < index && other.name === version.name))
      errors.push(field.duplicate(`${path}.name`, version.name));
    const schema = version.schema?.openAPIV3Schema as Schema | undefined;
    if (schema) schemas.set(schemaPath(versions, index), schema);
    else errors.push(field.required(`${path}.schema.openAPIV3Schema`));
    // Columns that all versions share are looked at once.
    const shared = versions.every((other) => equal(columnsOf(other), columnsOf(version)));
    if (!shared) errors.push(...validateColumns(version, path));
    else if (index === 0) errors.push(...validateColumns(version, 'spec'));
  }
  const before = (old?.versions ?? []).map(({ schema }) => schema?.openAPIV3Schema);
  const settled = (schema: Schema): boolean => before.some((taken) => equal(taken, schema));
  return [...errors, ...[...schemas].flatMap(([path, schema]) => validateSchema(schema, path, settled(schema)))];
}

type Version = CustomResourceDefinitionSpec['versions'][number];

const columnsOf = ({ additionalPrinterColumns = [] }: Version): CustomResourceColumnDefinition[] =>
  additionalPrinterColumns;

/** As loosely as a real server: a column that cannot be read is taken, and not shown. */
function validateColumns(version: Version, path: string): FieldError[] {
  return columnsOf(version).flatMap(({ name, type, format = '', jsonPath }, index) => {
    const where = `${path}.additionalPrinterColumns[${index}]`;
    const errors: FieldError[] = [];
    const types = `must be one of ${COLUMN_TYPES.join(',')}`;
    if (!name) errors.push(field.required(`${where}.name`));
    if (!type) errors.push(field.required(`${where}.type`, types));
    else if (!COLUMN_TYPES.includes(type)) errors.push(field.invalid(`${where}.type`, type, types));
    if (format !== '' && !COLUMN_FORMATS.includes(format))
      errors.push(field.invalid(`${where}.format`, format, `must be one of ${COLUMN_FORMATS.join(',')}`));
    if (!jsonPath) errors.push(field.required(`${where}.JSONPath`));
    else if (!jsonPath.startsWith('.'))
      errors.push(field.invalid(`${where}.JSONPath`, jsonPath, 'must be a simple json path starting with .'));
    return errors;
  });
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

/** Fills the status: whether the names are free, and whether the resource is served. */
export function accept(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  context: StrategyContext,
): void {
  const { spec } = definition;
  const problem = nameConflict(definition, context);
  const before = old?.status;
  // Who has rewritten all objects in the new version says so in the status.
  const stored = context.subresource === 'status' ? definition.status?.storedVersions : before?.storedVersions;
  const established =
    before?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
  const now = timestamp(context.now);
  const conditions: CustomResourceDefinitionCondition[] = [
    condition('NamesAccepted', !problem, problem?.reason ?? 'NoConflicts', problem?.message ?? 'no conflicts found'),
    // Once served it is served on: clients rely on it.
    established || !problem
      ? condition('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted')
      : condition('Established', false, 'NotAccepted', 'not all names are accepted'),
  ];
  const others = (before?.conditions ?? []).filter(({ type }) => !conditions.some((item) => item.type === type));
  const storage = spec.versions.find((version) => version.storage)?.name;
  // `status` is read-only in the types, for clients; the server is the one that writes it.
  (definition as { status: unknown }).status = {
    conditions: [...conditions.map(settled), ...others],
    acceptedNames: problem ? (before?.acceptedNames ?? { kind: '', plural: '' }) : clone(spec.names),
    storedVersions: [...new Set([...(stored ?? []), ...(storage === undefined ? [] : [storage])])],
  };

  function settled(next: CustomResourceDefinitionCondition): CustomResourceDefinitionCondition {
    const same = before?.conditions?.find(({ type, status }) => type === next.type && status === next.status);
    return { ...next, lastTransitionTime: same?.lastTransitionTime ?? now };
  }
}

const condition = (
  type: string,
  good: boolean,
  reason: string,
  message: string,
): CustomResourceDefinitionCondition => ({
  type,
  status: good ? 'True' : 'False',
  reason,
  message,
});

function nameConflict(
  definition: CustomResourceDefinition,
  { store }: StrategyContext,
): { reason: string; message: string } | undefined {
  const taken = store
    .list(CRDS)
    .map(definitionOf)
    .filter((other) => other.spec.group === definition.spec.group && other.metadata?.name !== definition.metadata?.name)
    .map((other) => other.status?.acceptedNames);
  const used = (name: string | undefined): boolean =>
    taken.some(
      (names) =>
        names && name !== undefined && [names.plural, names.singular, ...(names.shortNames ?? [])].includes(name),
    );
  const { names } = definition.spec;
  const kinds = taken.flatMap((other) => (other ? [other.kind, other.listKind] : []));
  const conflicts = [
    ...(used(names.plural) ? [['PluralConflict', names.plural]] : []),
    ...(used(names.singular) ? [['SingularConflict', names.singular]] : []),
    ...(names.shortNames ?? []).filter(used).map((name) => ['ShortNamesConflict', name]),
    ...(kinds.includes(names.kind) ? [['KindConflict', names.kind]] : []),
    ...(kinds.includes(names.listKind) ? [['ListKindConflict', names.listKind]] : []),
  ];
  // As a real server has it: the last one is told.
  const [reason, name] = conflicts.at(-1) ?? [];
  return reason === undefined ? undefined : { reason, message: `"${name ?? ''}" is already in use` };
}
