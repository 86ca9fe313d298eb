// Leases.
import type { LeaseSpec } from 'kubernetes-types/coordination/v1.d.ts';
import type { Findings } from './findings.js';

export function checkLease(findings: Findings, { leaseDurationSeconds, leaseTransitions }: LeaseSpec): void {
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    findings.invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0');
  findings.notNegative('spec.leaseTransitions', leaseTransitions);
}
