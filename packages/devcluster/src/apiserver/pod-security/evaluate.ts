// What a Pod breaks of a level.
import { baseline } from './baseline.js';
import type { Check, Rule, Template, Violation } from './check.js';
import type { LevelVersion } from './policy.js';
import { restricted } from './restricted.js';

/** The newest version of the rule that the level is old enough for. */
const ruleOf = ({ versions }: Check, minor: number): Rule | undefined =>
  versions.findLast(([since]) => since <= minor)?.[1];

export function violationsOf({ level, minor }: LevelVersion, template: Template): Violation[] {
  if (level === 'privileged') return [];
  const more = level === 'restricted' ? restricted.filter((check) => ruleOf(check, minor)) : [];
  const replaced = more.map(({ instead }) => instead);
  const checks = [...baseline.filter(({ id }) => !replaced.includes(id)), ...more];
  return checks.flatMap((check) => ruleOf(check, minor)?.(template) ?? []);
}

/** `privileged (container "a" must not set …), hostPort (…)` */
export const inDetail = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');

export const inShort = (violations: readonly Violation[]): string => violations.map(({ reason }) => reason).join(', ');
