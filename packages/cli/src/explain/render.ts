import { age } from '../terminal/duration.js';
import type { Colors } from '../terminal/terminal.js';
import { docOf, type Advice } from './advice.js';
import { isDropped } from './refusals.js';
import { rootOf, type Chain, type Link } from '@stackwright/graph';
import type { Condition, KubeObject } from '@stackwright/kube';

export interface Told {
  chain: Chain;
  advice: Advice;
}

/** The first chain in full; of the others, which have the same beginning, what is theirs alone. */
export function renderChains([first, ...others]: readonly Told[], colors: Colors, now: number): string[] {
  if (!first) return [];
  const lines = renderChain(first.chain, first.advice, colors, now);
  if (others.length === 0) return lines;
  return [
    ...lines,
    '',
    colors.bold(others.length === 1 ? 'And, for a reason of its own:' : 'And, each for a reason of its own:'),
    ...others.flatMap(({ chain, advice }) => [
      ...linksOf(chain.slice(sharedBy(first.chain, chain)), rootOf(chain), colors, now),
      ...hintsOf(advice).map((hint) => `   ${hint}`),
    ]),
  ];
}

/** A service that is ready, and to which a change of the control plane does not come. */
export function renderRefusal(
  { reason, message }: Condition,
  controlPlane: KubeObject | undefined,
  colors: Colors,
): string[] {
  const doc = docOf(reason);
  const { name: plane = '', namespace = '' } = controlPlane?.metadata ?? {};
  return [
    colors.red(
      isDropped({ reason })
        ? `ControlPlane ${plane} names it no more, and has to say what shall become of it.`
        : `The change that ControlPlane ${plane} asks for is refused; it runs as it was told last.`,
    ),
    `└─ ${colors.red(`${reason}: ${message.replace(/\s+/g, ' ').trim()}`)}${colors.bold('   ← root cause')}`,
    '',
    ...(doc?.remedy === undefined ? [] : [`What helps:  ${doc.remedy}`]),
    `Edit it:     kubectl -n ${namespace} edit controlplane ${plane}`,
    `Read on:     docs/reference/reasons.md#${reason.toLowerCase()}`,
  ];
}

export function renderChain(chain: Chain, advice: Advice, colors: Colors, now: number): string[] {
  const [top, ...rest] = chain;
  const title = nameOf(top);
  if (top.state === 'Ready') return [`${title} is ${colors.green('ready')}${sinceOf(top, now)}`];
  const root = rootOf(chain);
  const lines = [
    `${colors.bold(title)} ${headOf(top, root, now, (text) => painted(top, root, colors)(text))}`,
    ...linksOf(rest, root, colors, now),
  ];
  const hints = hintsOf(advice);
  return hints.length > 0 ? [...lines, '', ...hints] : lines;
}

function headOf(top: Link, root: Link, now: number, paint: (text: string) => string): string {
  if (root === top && top.state === 'Missing') return top.message;
  if (top.state === 'Unknown') return `is ${paint(`unknown${sinceOf(top, now)}`)}: it ${top.message}`;
  return `is not ready${sinceOf(top, now)}  ${paint(sayOf(top))}`;
}

function linksOf(links: readonly Link[], root: Link, colors: Colors, now: number): string[] {
  return links.map((link, depth) => {
    const mark = link === root ? '   ← root cause' : '';
    const said = painted(link, root, colors)(sayOf(link));
    return `${'   '.repeat(depth)}└─ ${nameOf(link)}${sinceOf(link, now)}  ${said}${colors.bold(mark)}`;
  });
}

const painted =
  (link: Link, root: Link, colors: Colors) =>
  (text: string): string =>
    link !== root ? text : link.state === 'Waiting' || link.state === 'Unknown' ? colors.cyan(text) : colors.red(text);

const hintsOf = ({ remedy, command, edit, document }: Advice): string[] => [
  ...(remedy === undefined ? [] : [`What helps:  ${remedy}`]),
  ...(command === undefined ? [] : [`Look at it:  ${command}`]),
  ...(edit === undefined ? [] : [`Edit it:     ${edit}`]),
  ...(document === undefined ? [] : [`Read on:     ${document}`]),
];

/** How many links two chains have in common, from the top. The root of the second is its own in any case. */
function sharedBy(one: Chain, other: Chain): number {
  const isSame = (link: Link | undefined, at: number) =>
    link !== undefined && one[at] !== undefined && nameOf(link) === nameOf(one[at]);
  const first = other.findIndex((link, at) => !isSame(link, at));
  return first < 0 ? other.length - 1 : first;
}

const nameOf = ({ object }: Link): string => `${object.kind} ${object.name}`;
const sinceOf = ({ since }: Link, now: number): string =>
  since === undefined ? '' : ` (${age(now - Date.parse(since))})`;
const sayOf = ({ reason, message }: Link): string =>
  message === '' ? reason : `${reason}: ${message.replace(/\s+/g, ' ').trim()}`;
