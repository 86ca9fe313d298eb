// ValidatingAdmissionPolicies and their bindings: their defaults and rules.
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '@stackwright/kube';
import type { MatchResources } from 'kubernetes-types/admissionregistration/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { CompiledPolicy } from '../../policies/policy.js';
import type { Rule } from '../../webhooks/match.js';
import type { Strategy } from '../resource.js';
import { validateRules } from './webhooks.js';

function defaultMatch(constraints: MatchResources | undefined): void {
  if (!constraints) return;
  constraints.matchPolicy ??= 'Equivalent';
  constraints.namespaceSelector ??= {};
  constraints.objectSelector ??= {};
  const rules = [...(constraints.resourceRules ?? []), ...(constraints.excludeResourceRules ?? [])];
  for (const rule of rules as Rule[]) rule.scope ??= '*';
}

export const policyStrategy: Strategy<ValidatingAdmissionPolicy> = {
  requiresRevision: true,
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    defaultMatch(spec.matchConstraints);
  },
  validate({ spec = {} }) {
    const errors: FieldError[] = [];
    if (!spec.matchConstraints?.resourceRules?.length)
      errors.push(field.required('spec.matchConstraints.resourceRules'));
    else errors.push(...validateRules(spec.matchConstraints.resourceRules, 'spec.matchConstraints.resourceRules'));
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
