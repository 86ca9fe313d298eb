// Numbers that may be a share: maxSurge, minAvailable, …
import { percentProblems } from '../schema/formats.js';
import type { Findings } from './findings.js';

export type Amount = number | string;

export function checkAmount(findings: Findings, path: string, amount: Amount): void {
  if (typeof amount === 'number') findings.notNegative(path, amount);
  else findings.invalidEach(path, amount, percentProblems(amount));
}

export function checkAtMostAll(findings: Findings, path: string, amount: Amount): void {
  if (typeof amount === 'string' && percentProblems(amount).length === 0 && Number.parseInt(amount, 10) > 100)
    findings.invalid(path, amount, 'must not be greater than 100%');
}

/** As Go reads it: a text that is neither is nothing. */
export function isNothing(amount: Amount): boolean {
  if (typeof amount === 'number') return amount === 0;
  return percentProblems(amount).length === 0
    ? Number.parseInt(amount, 10) === 0
    : !/^[+-]?\d+$/.test(amount) || Number(amount) === 0;
}
