// Roles and who has them.
import type { AggregationRule, PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.d.ts';
import { equal } from '../json.js';
import { validateSelector } from '../schema/selectors.js';
import { nameProblems } from '../schema/formats.js';
import { shown, type Findings } from './findings.js';

const GROUP = 'rbac.authorization.k8s.io';

export interface RoleLike {
  rules?: PolicyRule[];
  aggregationRule?: AggregationRule;
}

export function checkRole(findings: Findings, { rules, aggregationRule }: RoleLike, namespaced: boolean): void {
  findings.each('rules', rules, (rule, at) => {
    const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
    if (verbs.length === 0) findings.required(`${at}.verbs`, 'verbs must contain at least one value');
    const urls = `${at}.nonResourceURLs`;
    if (nonResourceURLs.length > 0) {
      if (namespaced) findings.invalid(urls, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs');
      if (apiGroups.length > 0 || resources.length > 0 || resourceNames.length > 0) {
        const problem = 'rules cannot apply to both regular resources and non-resource URLs';
        findings.invalid(urls, nonResourceURLs, problem);
      }
      return;
    }
    if (apiGroups.length === 0)
      findings.required(`${at}.apiGroups`, 'resource rules must supply at least one api group');
    if (resources.length === 0)
      findings.required(`${at}.resources`, 'resource rules must supply at least one resource');
  });
  if (!aggregationRule) return;
  const { clusterRoleSelectors = [] } = aggregationRule;
  const path = 'aggregationRule.clusterRoleSelectors';
  if (clusterRoleSelectors.length === 0)
    findings.required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
  findings.each(path, clusterRoleSelectors, (selector, at) => {
    if (validateSelector(selector, '').length > 0) findings.invalid(at, null, 'invalid label selector.');
  });
}

export interface BindingLike {
  roleRef: RoleRef;
  subjects?: Subject[];
}

export function checkBinding(
  findings: Findings,
  { roleRef, subjects }: BindingLike,
  old: BindingLike | undefined,
  namespaced: boolean,
): void {
  const { apiGroup, kind, name } = roleRef;
  findings.oneOf('roleRef.apiGroup', apiGroup, [GROUP]);
  findings.oneOf('roleRef.kind', kind, namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']);
  if (findings.present('roleRef.name', name)) findings.name('roleRef.name', 'path', name);
  findings.each('subjects', subjects, (subject, at) => checkSubject(findings, at, subject, namespaced));
  if (old && !equal(roleRef, old.roleRef)) {
    const inGo = shown({ APIGroup: apiGroup, Kind: kind, Name: name });
    findings.invalid('roleRef', inGo, 'cannot change roleRef');
  }
}

function checkSubject(findings: Findings, path: string, subject: Subject, namespaced: boolean): void {
  const { kind, name, namespace = '', apiGroup = '' } = subject;
  findings.present(`${path}.name`, name);
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') findings.invalidEach(`${path}.name`, name, nameProblems('subdomain', name));
      if (apiGroup !== '') findings.notSupported(`${path}.apiGroup`, apiGroup, ['']);
      if (!namespaced) findings.present(`${path}.namespace`, namespace);
      return;
    case 'User':
    case 'Group':
      findings.oneOf(`${path}.apiGroup`, apiGroup, [GROUP]);
      return;
    default:
      findings.notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']);
  }
}
