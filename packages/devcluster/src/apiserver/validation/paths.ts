// Paths in volumes and of profiles, which must not lead out of where they begin.
import type { Findings } from './findings.js';

const BACK = "must not contain '..'";

export function checkNoBacksteps(findings: Findings, path: string, target: string): void {
  if (target.split('/').includes('..')) findings.invalid(path, target, BACK);
}

/** Relative, and never upwards. */
export function checkDescending(findings: Findings, path: string, target: string): void {
  if (target.startsWith('/')) findings.invalid(path, target, 'must be a relative path');
  checkNoBacksteps(findings, path, target);
}

/** Names that begin with two dots are the kubelet's own. */
export function checkUnreserved(findings: Findings, path: string, target: string): void {
  checkDescending(findings, path, target);
  if (target.startsWith('..') && !target.startsWith('../')) findings.invalid(path, target, "must not start with '..'");
}
