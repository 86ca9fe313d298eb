import { publishedService } from '@stackwright/api';
import { modules } from '@stackwright/cli';
import { referenceOf, type CustomResource } from '@stackwright/kube';
import { generated, markdownTable } from './markdown.js';

/** Every kind of ours, field by field. */
export function kindsPage(): string {
  const kinds = modules.flatMap(({ name, customResources }) =>
    customResources.map((resource) => ({ resource, controller: name })),
  );
  const index = markdownTable(
    ['Kind', 'Group', 'Reconciled by', 'Needs'],
    kinds.map(({ resource, controller }) => [
      `[${resource.kind}](#${resource.kind.toLowerCase()})`,
      resource.group,
      controller,
      needsOf(resource),
    ]),
  );
  return [
    '# Custom resources',
    generated,
    'A field with a default may be left out. Objects that break a rule are refused when they are written, with the path of the field.',
    'The condition `Ready` carries the reason of the step at the root of the trouble: [all reasons](reasons.md).',
    index,
    ...kinds.map(({ resource }) => referenceOf(resource).trimEnd()),
  ].join('\n\n');
}

const needsOf = ({ definition }: CustomResource): string => publishedService(definition)?.requires.join(', ') ?? '';
