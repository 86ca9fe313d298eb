import { publishedService } from '@stackwright/api';
import { modules } from '@stackwright/cli';
import { apiVersionOf, schemaOf, type CustomResource } from '@stackwright/kube';
import { fieldsOf, type Field } from './fields.js';
import { generated, markdownTable } from './markdown.js';

/** Every kind of ours, field by field. */
export function kindsPage(): string {
  const kinds = modules.flatMap(({ name, customResources }) => customResources.map((resource) => ({ resource, controller: name })));
  const index = markdownTable(
    ['Kind', 'Group', 'Reconciled by', 'What it is'],
    kinds.map(({ resource: { kind, group, definition }, controller }) => [
      `[${kind}](#${kind.toLowerCase()})`,
      `\`${group}\``,
      controller,
      definition.description,
    ]),
  );
  return [
    '# Custom resources',
    generated,
    'A field with a default may be left out. Objects that break a rule are refused when they are written, with the path of the field.',
    'The fields that all kinds have in `status` are said once, [at the end](#status).',
    index,
    ...kinds.map(({ resource }) => kindSection(resource)),
    '## Status',
    'Every kind has these; `Ready` carries the reason of the step at the root of the trouble. [All reasons](reasons.md).',
    fieldTable(fieldsUnder(kinds[0]?.resource, 'status').filter(({ path }) => isCommon(path))),
  ].join('\n\n');
}

function kindSection(resource: CustomResource): string {
  const { definition } = resource;
  const service = publishedService(definition);
  const own = fieldsUnder(resource, 'status').filter(({ path }) => !isCommon(path));
  const names = [resource.plural, ...(definition.shortNames ?? [])].map((name) => `\`${name}\``).join(', ');
  return [
    `## ${resource.kind}`,
    `\`apiVersion: ${apiVersionOf(resource)}\`, names for kubectl: ${names}`,
    definition.description,
    ...(service && service.requires.length > 0 ? [`Needs: ${service.requires.join(', ')}.`] : []),
    fieldTable([...fieldsUnder(resource, 'spec'), ...own]),
  ].join('\n\n');
}

const common = /^status\.(conditions|waitingFor|observedGeneration)\b/;
const isCommon = (path: string): boolean => common.test(path);

function fieldsUnder(resource: CustomResource | undefined, part: 'spec' | 'status'): Field[] {
  const schema = resource && schemaOf(resource.definition).properties?.[part];
  return schema ? fieldsOf(schema, part) : [];
}

function fieldTable(fields: readonly Field[]): string {
  return markdownTable(
    ['Field', 'Type', 'Default', 'Description'],
    fields.map(({ path, type, required, default: value, constraints, description }) => [
      `\`${path}\``,
      type,
      value === undefined ? (required ? '**required**' : '') : `\`${value}\``,
      [description, constraints.length > 0 ? `(${constraints.join('; ')})` : ''].join(' '),
    ]),
  );
}
