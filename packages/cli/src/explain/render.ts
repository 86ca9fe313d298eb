import { age } from '../terminal/duration.js';
import type { Colors } from '../terminal/terminal.js';
import type { Advice } from './advice.js';
import { rootOf, type Chain, type Link } from '@stackwright/graph';

export function renderChain(chain: Chain, advice: Advice, colors: Colors, now: number): string[] {
  const [top, ...rest] = chain;
  const title = nameOf(top);
  if (top.state === 'Ready') return [`${title} is ${colors.green('ready')}${sinceOf(top, now)}`];
  const root = rootOf(chain);
  const paint = (link: Link, text: string) =>
    link !== root ? text : link.state === 'Waiting' ? colors.cyan(text) : colors.red(text);
  const lines = [
    `${colors.bold(title)} ${root === top && top.state === 'Missing' ? top.message : `is not ready${sinceOf(top, now)}  ${paint(top, sayOf(top))}`}`,
  ];
  rest.forEach((link, depth) => {
    const mark = link === root ? '   ← root cause' : '';
    lines.push(
      `${'   '.repeat(depth)}└─ ${nameOf(link)}${sinceOf(link, now)}  ${paint(link, sayOf(link))}${colors.bold(mark)}`,
    );
  });
  const hints = [
    ...(advice.remedy === undefined ? [] : [`What helps:  ${advice.remedy}`]),
    ...(advice.command === undefined ? [] : [`Look at it:  ${advice.command}`]),
    ...(advice.document === undefined ? [] : [`Read on:     ${advice.document}`]),
  ];
  return hints.length > 0 ? [...lines, '', ...hints] : lines;
}

const nameOf = ({ object }: Link): string => `${object.kind} ${object.name}`;
const sinceOf = ({ since }: Link, now: number): string =>
  since === undefined ? '' : ` (${age(now - Date.parse(since))})`;
const sayOf = ({ reason, message }: Link): string =>
  message === '' ? reason : `${reason}: ${message.replace(/\s+/g, ' ').trim()}`;
