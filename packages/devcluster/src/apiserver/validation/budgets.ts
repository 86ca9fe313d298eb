// Disruption budgets.
import type { PodDisruptionBudgetSpec } from 'kubernetes-types/policy/v1.d.ts';
import { checkAmount, checkAtMostAll } from './amounts.js';
import { shown, type Findings } from './findings.js';

const POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];

export function checkBudget(findings: Findings, spec: PodDisruptionBudgetSpec): void {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const inGo = shown({
      MinAvailable: minAvailable,
      Selector: selector,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy,
    });
    findings.invalid('spec', inGo, 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const [name, amount] of Object.entries({ minAvailable, maxUnavailable })) {
    if (amount === undefined) continue;
    checkAmount(findings, `spec.${name}`, amount);
    checkAtMostAll(findings, `spec.${name}`, amount);
  }
  if (unhealthyPodEvictionPolicy !== undefined)
    findings.oneOf('spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, POLICIES);
}
