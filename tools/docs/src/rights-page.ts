import { rightsTable, type Row } from '@stackwright/integration/rights';
import { generated, markdownTable } from './markdown.js';

const ORDER = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
const inOrder = (rows: readonly Row[]): string =>
  rows
    .map(({ verb }) => verb)
    .sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
    .join(', ');

/** Numbers stand for reasons, which are the same for many. */
export function rightsPage(): string {
  const rows = rightsTable();
  const reasons = [...new Set(rows.flatMap(({ why }) => why ?? []))];
  const controllers = [...new Set(rows.map(({ controller }) => controller))];
  return [
    '# Rights of the controllers',
    generated,
    'What `stackwright manifests` grants each controller in its namespace, and of the cluster its namespace and the CRDs. **Used** is ' +
      'what the API server let it do while the integration suite ran; what was not used has a reason. `npm run rights` runs the suite and ' +
      'writes down what was used; a test fails where a right is neither used nor explained. What these rights cannot say, ' +
      '[admission policies](../architecture.md#what-a-controller-may-do) do.',
    '## Why a right is granted that the suite does not use',
    reasons.map((why, index) => `${index + 1}. ${why}`).join('\n'),
    ...controllers.flatMap((controller) => [
      `## ${controller}`,
      markdownTable(['resource', 'used', 'not used, and why'], resourcesOf(controller, rows, reasons)),
    ]),
  ].join('\n\n');
}

function resourcesOf(controller: string, all: readonly Row[], reasons: readonly string[]): string[][] {
  const rows = all.filter((row) => row.controller === controller);
  const nameOf = ({ group, resource }: Row): string => (group === '' ? resource : `${resource}.${group}`);
  return [...new Set(rows.map(nameOf))].map((name) => {
    const its = rows.filter((row) => nameOf(row) === name);
    const unused = reasons.flatMap((why, index) => {
      const verbs = inOrder(its.filter((row) => row.why === why));
      return verbs === '' ? [] : [`${verbs} (${index + 1})`];
    });
    return [`\`${name}\``, inOrder(its.filter(({ used }) => used)), unused.join('; ')];
  });
}
