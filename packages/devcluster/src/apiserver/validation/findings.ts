// Collects what is wrong with an object, and has the checks that many fields share. Findings are worded and placed as a
// real server words and places them, so that clients that read `details.causes` see the same.
import { field, type FieldError } from '../errors.js';
import {
  configKeyProblems,
  labelValueProblems,
  nameProblems,
  portNameProblems,
  qualifiedNameProblems,
  type NameRule,
} from '../schema/formats.js';

export const NOT_NEGATIVE = 'must be greater than or equal to 0';
export const IMMUTABLE = 'field is immutable';

/** When an image is pulled. */
export const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

const MAX_INT32 = 2 ** 31 - 1;

const between = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

export class Findings {
  readonly errors: FieldError[] = [];

  get any(): boolean {
    return this.errors.length > 0;
  }

  add(errors: readonly FieldError[]): void {
    this.errors.push(...errors);
  }

  required(path: string, detail?: string): void {
    this.errors.push(field.required(path, detail));
  }

  /** Reports a value that is not there; whether it is. */
  present(path: string, value: string | undefined): value is string {
    if (!value) this.required(path);
    return Boolean(value);
  }

  invalid(path: string, value: unknown, detail: string): void {
    this.errors.push(field.invalid(path, value, detail));
  }

  invalidEach(path: string, value: unknown, problems: readonly string[]): void {
    for (const problem of problems) this.invalid(path, value, problem);
  }

  forbidden(path: string, detail: string): void {
    this.errors.push(field.forbidden(path, detail));
  }

  duplicate(path: string, value: unknown): void {
    this.errors.push(field.duplicate(path, value));
  }

  notFound(path: string, value: unknown): void {
    this.errors.push(field.notFound(path, value));
  }

  tooLong(path: string, limit: number): void {
    this.errors.push(field.tooLong(path, limit));
  }

  /** Reports a list that is too long; whether it is. */
  atMost(path: string, list: readonly unknown[], limit: number): boolean {
    if (list.length > limit) this.errors.push(field.tooMany(path, list.length, limit));
    return list.length <= limit;
  }

  notSupported(path: string, value: unknown, supported: readonly string[]): void {
    this.errors.push(field.notSupported(path, value, supported));
  }

  /** One of some values. */
  oneOf(path: string, value: string, supported: readonly string[]): void {
    if (!supported.includes(value)) this.notSupported(path, value, supported);
  }

  /** One of some values; none at all is a different mistake than another one. */
  choice(path: string, value: string | undefined, supported: readonly string[]): void {
    if (this.present(path, value)) this.oneOf(path, value, supported);
  }

  name(path: string, rule: NameRule, value: string): void {
    this.invalidEach(path, value, nameProblems(rule, value));
  }

  qualifiedName(path: string, value: string): void {
    this.invalidEach(path, value, qualifiedNameProblems(value));
  }

  labelValue(path: string, value: string): void {
    this.invalidEach(path, value, labelValueProblems(value));
  }

  configKey(path: string, value: string): void {
    this.invalidEach(path, value, configKeyProblems(value));
  }

  notNegative(path: string, value: number | undefined): void {
    if (value !== undefined && value < 0) this.invalid(path, value, NOT_NEGATIVE);
  }

  inRange(path: string, value: number | undefined, low: number, high: number): void {
    if (value !== undefined && (value < low || value > high)) this.invalid(path, value, between(low, high));
  }

  port(path: string, value: number | undefined): void {
    this.inRange(path, value, 1, 65535);
  }

  /** A user or a group of Unix. */
  unixId(path: string, value: number | undefined): void {
    this.inRange(path, value, 0, MAX_INT32);
  }

  portOrName(path: string, value: number | string): void {
    if (typeof value === 'number') this.port(path, value);
    else this.invalidEach(path, value, portNameProblems(value));
  }

  fileMode(path: string, value: number | undefined): void {
    if (value !== undefined && (value < 0 || value > 0o777))
      this.invalid(path, value, 'must be a number between 0 and 0777 (octal), both inclusive');
  }

  /** Each item with its path. */
  each<T>(path: string, list: readonly T[] | undefined, check: (item: T, path: string, index: number) => void): void {
    for (const [index, item] of (list ?? []).entries()) check(item, `${path}[${index}]`, index);
  }
}

/** The findings of a check. */
export function found(check: (findings: Findings) => void): FieldError[] {
  const findings = new Findings();
  check(findings);
  return findings.errors;
}

/**
 * A struct as Go's encoder shows one that has no JSON names: which findings do of a value that is one. Fields by the
 * name in Go; what is absent is null there.
 */
export const shown = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value ?? null]));
