// What a level asks of a Pod: one rule, from one version of Kubernetes on.
import type { ObjectMeta } from '@stackwright/kube';
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import type { Level } from './policy.js';

export interface Template {
  metadata: Pick<ObjectMeta, 'annotations'>;
  spec: PodSpec;
}

export interface Violation {
  reason: string;
  detail: string;
}

export interface Check {
  id: string;
  level: Exclude<Level, 'privileged'>;
  /** The rule as it is from that minor version on, until the next one; oldest first. */
  versions: readonly (readonly [since: number, rule: Rule])[];
  /** A weaker rule of "baseline" that need not be asked, too. */
  instead?: string;
}

export type Rule = (template: Template) => Violation | undefined;

/** Pods of another system have nothing of what the rule is about. */
export const notOnWindows =
  (rule: Rule): Rule =>
  (template) =>
    template.spec.os?.name === 'windows' ? undefined : rule(template);

/** Root of its own users is nobody on the host. */
export const unlessOwnUsers =
  (rule: Rule): Rule =>
  (template) =>
    template.spec.hostUsers === false ? undefined : rule(template);
