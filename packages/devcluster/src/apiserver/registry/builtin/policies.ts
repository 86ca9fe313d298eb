// ValidatingAdmissionPolicies and their bindings: their defaults and rules.
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '@stackwright/kube';
import type { AuditAnnotation, MatchResources, Variable } from 'kubernetes-types/admissionregistration/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { nameProblems, qualifiedNameProblems } from '../../schema/formats.js';
import { CompiledPolicy } from '../../policies/policy.js';
import type { Rule } from '../../webhooks/match.js';
import type { Strategy } from '../resource.js';
import { validateConditionNames, validateRules } from './webhooks.js';

function defaultMatch(constraints: MatchResources | undefined): void {
  if (!constraints) return;
  constraints.matchPolicy ??= 'Equivalent';
  constraints.namespaceSelector ??= {};
  constraints.objectSelector ??= {};
  const rules = [...(constraints.resourceRules ?? []), ...(constraints.excludeResourceRules ?? [])];
  for (const rule of rules as Rule[]) rule.scope ??= '*';
}

const POLICIES = ['Equivalent', 'Exact'];

function validateMatch(constraints: MatchResources | undefined, path: string): FieldError[] {
  if (!constraints) return [];
  const { resourceRules = [], excludeResourceRules = [], matchPolicy = '' } = constraints;
  const errors = POLICIES.includes(matchPolicy)
    ? []
    : [field.notSupported(`${path}.matchPolicy`, matchPolicy, POLICIES)];
  for (const [name, rules] of Object.entries({ resourceRules, excludeResourceRules })) {
    errors.push(...validateRules(rules, `${path}.${name}`));
    for (const [index, { resourceNames = [] }] of rules.entries())
      for (const [position, value] of resourceNames.entries()) {
        const place = `${path}.${name}[${index}].resourceNames[${position}]`;
        errors.push(...nameProblems('path', value).map((problem) => field.invalid(place, value, problem)));
        if (resourceNames.indexOf(value) < position) errors.push(field.duplicate(place, value));
      }
  }
  return errors;
}

function validateVariables(variables: readonly Variable[], path: string): FieldError[] {
  return variables.flatMap(({ name }, index) => {
    const place = `${path}[${index}].name`;
    if (!name) return [field.required(place, 'name is not specified')];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      return [field.invalid(place, name, 'name is not a valid CEL identifier')];
    const again = variables.findIndex((other) => other.name === name) < index;
    return again ? [field.duplicate(place, name)] : [];
  });
}

function validateAnnotations(annotations: readonly AuditAnnotation[], policy: string, path: string): FieldError[] {
  return annotations.flatMap(({ key = '', valueExpression = '' }, index) => {
    const place = `${path}[${index}]`;
    const full = `${policy}/${key}`;
    const again = annotations.findIndex((other) => other.key === key) < index;
    return [
      ...qualifiedNameProblems(full).map((problem) => field.invalid(`${place}.key`, full, problem)),
      ...(again ? [field.duplicate(`${place}.key`, key)] : []),
      ...(valueExpression.trim() === ''
        ? [field.required(`${place}.valueExpression`, 'valueExpression is not specified')]
        : []),
    ];
  });
}

export const policyStrategy: Strategy<ValidatingAdmissionPolicy> = {
  requiresRevision: true,
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    defaultMatch(spec.matchConstraints);
  },
  validate({ metadata, spec = {} }) {
    const errors: FieldError[] = [];
    if (!spec.matchConstraints?.resourceRules?.length)
      errors.push(field.required('spec.matchConstraints.resourceRules'));
    errors.push(...validateMatch(spec.matchConstraints, 'spec.matchConstraints'));
    errors.push(...validateConditionNames(spec.matchConditions ?? [], 'spec.matchConditions'));
    errors.push(...validateVariables(spec.variables ?? [], 'spec.variables'));
    errors.push(...validateAnnotations(spec.auditAnnotations ?? [], metadata?.name ?? '', 'spec.auditAnnotations'));
    if (!spec.validations?.length && !spec.auditAnnotations?.length)
      errors.push(field.required('spec.validations', 'validations or auditAnnotations must be specified'));
    if (spec.failurePolicy !== 'Fail' && spec.failurePolicy !== 'Ignore')
      errors.push(field.notSupported('spec.failurePolicy', spec.failurePolicy, ['Fail', 'Ignore']));
    const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
    for (const [index, { reason }] of (spec.validations ?? []).entries())
      if (reason !== undefined && !reasons.includes(reason))
        errors.push(field.notSupported(`spec.validations[${index}].reason`, reason, reasons));
    new CompiledPolicy(spec, (error) => errors.push(error));
    return errors;
  },
};

const ACTIONS = ['Audit', 'Deny', 'Warn'];

export const policyBindingStrategy: Strategy<ValidatingAdmissionPolicyBinding> = {
  requiresRevision: true,
  generationFields: ['spec'],
  defaults: ({ spec }) => defaultMatch(spec?.matchResources),
  validate({ spec = {} }) {
    const errors: FieldError[] = [];
    const actions = spec.validationActions ?? [];
    if (!spec.policyName) errors.push(field.required('spec.policyName'));
    errors.push(...validateMatch(spec.matchResources, 'spec.matchResources'));
    if (actions.length === 0) errors.push(field.required('spec.validationActions'));
    for (const [index, action] of actions.entries())
      if (!ACTIONS.includes(action))
        errors.push(field.notSupported(`spec.validationActions[${index}]`, action, ACTIONS));
    if (actions.includes('Deny') && actions.includes('Warn'))
      errors.push(
        field.invalid(
          'spec.validationActions',
          actions,
          'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
        ),
      );
    const { paramRef } = spec;
    if (paramRef && (paramRef.name === undefined) === (paramRef.selector === undefined))
      errors.push(field.forbidden('spec.paramRef.name', 'one of name or selector must be specified'));
    if (paramRef && !['Allow', 'Deny'].includes(paramRef.parameterNotFoundAction ?? ''))
      errors.push(field.required('spec.paramRef.parameterNotFoundAction'));
    return errors;
  },
};
