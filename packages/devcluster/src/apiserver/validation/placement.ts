// What a Pod says of where it may run.
import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from 'kubernetes-types/core/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import { labelValueProblems } from '../schema/formats.js';
import type { Findings } from './findings.js';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function checkTolerations(
  findings: Findings,
  path: string,
  tolerations: readonly Toleration[] | undefined,
): void {
  findings.each(path, tolerations, ({ key = '', operator = '', value = '', effect = '', tolerationSeconds }, at) => {
    if (key !== '') findings.qualifiedName(`${at}.key`, key);
    else if (operator !== 'Exists') {
      const problem = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      findings.invalid(`${at}.operator`, operator, problem);
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      findings.invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (operator === '' || operator === 'Equal') {
      const problems = labelValueProblems(value);
      if (problems.length > 0) findings.invalid(`${at}.operator`, value, problems.join(';'));
    } else if (operator === 'Exists') {
      if (value !== '') findings.invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'");
    } else {
      const comparisons = operator === 'Lt' || operator === 'Gt' ? ['Lt', 'Gt'] : [];
      findings.notSupported(`${at}.operator`, operator, ['Equal', 'Exists', ...comparisons]);
    }
    if (effect !== '') findings.oneOf(`${at}.effect`, effect, EFFECTS);
  });
}

export function checkAffinity(findings: Findings, path: string, affinity: Affinity | undefined): void {
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity ?? {};
  const { requiredDuringSchedulingIgnoredDuringExecution: required } = nodeAffinity ?? {};
  if (required) {
    const at = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    if (required.nodeSelectorTerms.length === 0) findings.required(at, 'must have at least one node selector term');
    findings.each(at, required.nodeSelectorTerms, (term, each) => checkNodeTerm(findings, each, term, true));
  }
  const preferred = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`;
  findings.each(preferred, nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution, (term, at) => {
    checkWeight(findings, at, term.weight);
    checkNodeTerm(findings, `${at}.preference`, term.preference, false);
  });
  checkPodAffinity(findings, `${path}.podAffinity`, podAffinity);
  checkPodAffinity(findings, `${path}.podAntiAffinity`, podAntiAffinity);
}

function checkWeight(findings: Findings, path: string, weight: number): void {
  if (weight <= 0 || weight > 100) findings.invalid(`${path}.weight`, weight, 'must be in the range 1-100');
}

/** `strictly`: values must be such that a label can have them. */
function checkNodeTerm(findings: Findings, path: string, term: NodeSelectorTerm, strictly: boolean): void {
  findings.each(`${path}.matchExpressions`, term.matchExpressions, (requirement, at) => {
    checkOperator(findings, at, requirement);
    findings.qualifiedName(`${at}.key`, requirement.key);
    if (strictly)
      findings.each(`${at}.values`, requirement.values, (value, place) => findings.labelValue(place, value));
  });
  findings.each(`${path}.matchFields`, term.matchFields, ({ key, operator, values = [] }, at) => {
    if (operator !== 'In' && operator !== 'NotIn')
      findings.invalid(`${at}.operator`, operator, 'not a valid selector operator');
    else if (values.length !== 1) {
      const problem = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
      findings.required(`${at}.values`, problem);
    }
    if (key !== 'metadata.name') findings.invalid(`${at}.key`, key, 'not a valid field selector key');
    else findings.each(`${at}.values`, values, (value, place) => findings.name(place, 'subdomain', value));
  });
}

function checkOperator(findings: Findings, path: string, { operator, values = [] }: NodeSelectorRequirement): void {
  const at = `${path}.values`;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) findings.required(at, "must be specified when `operator` is 'In' or 'NotIn'");
      return;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0)
        findings.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      return;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) findings.required(at, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      return;
    default:
      findings.invalid(`${path}.operator`, operator, 'not a valid selector operator');
  }
}

function checkPodAffinity(findings: Findings, path: string, affinity: PodAffinity | undefined): void {
  const required = `${path}.requiredDuringSchedulingIgnoredDuringExecution`;
  findings.each(required, affinity?.requiredDuringSchedulingIgnoredDuringExecution, (term, at) =>
    checkPodTerm(findings, at, term),
  );
  const preferred = `${path}.preferredDuringSchedulingIgnoredDuringExecution`;
  findings.each(preferred, affinity?.preferredDuringSchedulingIgnoredDuringExecution, (term, at) => {
    checkWeight(findings, at, term.weight);
    checkPodTerm(findings, `${at}.podAffinityTerm`, term.podAffinityTerm);
  });
}

function checkPodTerm(findings: Findings, path: string, term: PodAffinityTerm): void {
  const { namespaces, topologyKey, matchLabelKeys, mismatchLabelKeys, labelSelector } = term;
  for (const name of namespaces ?? []) findings.name(`${path}.namespace`, 'label', name);
  checkLabelKeys(findings, path, { matchLabelKeys, mismatchLabelKeys }, labelSelector);
  if (topologyKey === '') findings.required(`${path}.topologyKey`, 'can not be empty');
  findings.qualifiedName(`${path}.topologyKey`, topologyKey);
}

/** Keys whose values are those of the Pod itself. */
function checkLabelKeys(
  findings: Findings,
  path: string,
  lists: { matchLabelKeys: string[] | undefined; mismatchLabelKeys?: string[] | undefined },
  selector: LabelSelector | undefined,
): void {
  for (const [name, keys = []] of Object.entries(lists)) {
    if (keys.length > 0 && !selector)
      findings.forbidden(`${path}.${name}`, 'must not be specified when labelSelector is not set');
    else findings.each(`${path}.${name}`, keys, (key, at) => findings.qualifiedName(at, key));
  }
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = lists;
  const selected = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    // The server has added what the keys stand for; a key is there twice only when it was there before.
    const index = matchLabelKeys.lastIndexOf(key);
    if (index >= 0 && selected.has(key))
      findings.invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector');
    selected.add(key);
  }
  findings.each(`${path}.matchLabelKeys`, matchLabelKeys, (key, at) => {
    if (mismatchLabelKeys.includes(key))
      findings.invalid(at, key, 'exists in both matchLabelKeys and mismatchLabelKeys');
  });
}

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway'];
const INCLUSIONS = ['Honor', 'Ignore'];
const POSITIVE = 'must be greater than zero';

export function checkSpread(
  findings: Findings,
  path: string,
  constraints: readonly TopologySpreadConstraint[] = [],
): void {
  const pairs = constraints.map(({ topologyKey, whenUnsatisfiable }) =>
    JSON.stringify([topologyKey, whenUnsatisfiable]),
  );
  const last = new Map(pairs.map((pair, index) => [pair, index]));
  findings.each(path, constraints, (constraint, at, index) => {
    const { maxSkew, minDomains, topologyKey, whenUnsatisfiable, nodeAffinityPolicy, nodeTaintsPolicy } = constraint;
    if (maxSkew <= 0) findings.invalid(`${at}.maxSkew`, maxSkew, POSITIVE);
    if (topologyKey === '') findings.required(`${at}.topologyKey`, 'can not be empty');
    findings.oneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ACTIONS);
    const again = (last.get(pairs[index] ?? '') ?? index) > index;
    if (again) findings.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`);
    if (minDomains !== undefined) {
      if (minDomains <= 0) findings.invalid(`${at}.minDomains`, minDomains, POSITIVE);
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        const problem = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
        findings.invalid(`${at}.minDomains`, minDomains, problem);
      }
    }
    for (const [name, policy] of Object.entries({ nodeAffinityPolicy, nodeTaintsPolicy }))
      if (policy !== undefined) findings.oneOf(`${at}.${name}`, policy, INCLUSIONS);
    checkLabelKeys(findings, at, { matchLabelKeys: constraint.matchLabelKeys }, constraint.labelSelector);
  });
}
