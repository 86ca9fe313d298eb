// The check of a configuration before it is rolled out. What options a service has, only its packages know, and there are
// none here: so this finds what is nearly, but not quite, one of a few names, and takes anything else.
import { readFileSync } from 'node:fs';
import type { ContainerSpec } from '../../runtime.js';
import type { Program } from '../program.js';

const PROGRAM = '/etc/stackwright/check/validate.py';
const INPUT = '/etc/stackwright/check/check.json';
const REFUSED = 3;

/** By section: what people set. */
const known: Readonly<Record<string, readonly string[]>> = {
  DEFAULT: ['debug', 'use_stderr', 'enabled_backends', 'public_endpoint', 'max_token_size'],
  token: ['expiration', 'provider', 'allow_expired_window'],
  database: ['max_pool_size', 'max_overflow', 'connection'],
  api: ['auth_strategy', 'max_limit'],
};

/** File → section → option. */
type Checked = Readonly<Record<string, { set: Readonly<Record<string, Readonly<Record<string, unknown>>>> }>>;

export function configCheck({ command = [], args = [] }: ContainerSpec): Program | undefined {
  return [...command, ...args].includes(PROGRAM) ? check : undefined;
}

const check: Program = async ({ path, log }) => {
  const input = path(INPUT);
  if (input === undefined) throw new Error(`${INPUT} is not mounted`);
  const files = Object.entries(JSON.parse(readFileSync(input, 'utf8')) as Checked);
  const problems = files.flatMap(([file, { set }]) =>
    Object.entries(set).flatMap(([section, options]) =>
      Object.keys(options).flatMap((option) => {
        const meant = misspelt(option, known[section] ?? []);
        if (meant === undefined) return [];
        return [`spec.config["${file}"].${section}.${option}: no such option; did you mean ${meant}?`];
      }),
    ),
  );
  for (const problem of problems) log(problem);
  return problems.length > 0 ? REFUSED : 0;
};

/** The name that it is one or two letters away from. */
function misspelt(word: string, names: readonly string[]): string | undefined {
  if (names.includes(word)) return undefined;
  return names.find((name) => distance(word, name) <= 2);
}

/** How many letters have to be put in, taken out or changed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
