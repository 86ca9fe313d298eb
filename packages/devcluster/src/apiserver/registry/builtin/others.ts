// Leases, disruption budgets, RBAC, storage classes.
import type {
  ClusterRole,
  ClusterRoleBinding,
  Lease,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  StorageClass,
} from '@stackwright/kube';
import type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { equal } from '../../json.js';
import type { Strategy } from '../resource.js';

export const leaseStrategy: Strategy<Lease> = {
  createOnUpdate: true,
  validate({ spec }) {
    const errors: FieldError[] = [];
    if (spec?.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
      errors.push(field.invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'));
    }
    if (spec?.leaseTransitions !== undefined && spec.leaseTransitions < 0) {
      errors.push(field.invalid('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0'));
    }
    return errors;
  },
};

export const disruptionBudgetStrategy: Strategy<PodDisruptionBudget> = {
  generationFields: ['spec'],
  validate({ spec = {} }) {
    const errors = [
      ...validateBudget(spec.minAvailable, 'spec.minAvailable'),
      ...validateBudget(spec.maxUnavailable, 'spec.maxUnavailable'),
    ];
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
      errors.push(field.invalid('spec', '', 'minAvailable and maxUnavailable cannot be both set'));
    const policies = ['IfHealthyBudget', 'AlwaysAllow'];
    const policy = spec.unhealthyPodEvictionPolicy;
    if (policy !== undefined && !policies.includes(policy))
      errors.push(field.notSupported('spec.unhealthyPodEvictionPolicy', policy, policies));
    return errors;
  },
};

function validateBudget(value: number | string | undefined, path: string): FieldError[] {
  if (typeof value === 'number')
    return value < 0 ? [field.invalid(path, value, 'must be greater than or equal to 0')] : [];
  if (value === undefined) return [];
  if (!/^[0-9]+%$/.test(value))
    return [field.invalid(path, value, "a valid percent string must be a numeric string followed by an ending '%'")];
  return Number.parseInt(value, 10) > 100 ? [field.invalid(path, value, 'must not be greater than 100%')] : [];
}

const RBAC = 'rbac.authorization.k8s.io';

const defaultRole = (role: { rules?: PolicyRule[] }): void => {
  role.rules ??= [];
};

const validateRules = ({ rules }: { rules?: readonly PolicyRule[] }): FieldError[] =>
  (rules ?? []).flatMap((rule, index) => {
    const path = `rules[${index}]`;
    const errors: FieldError[] = [];
    if (!rule.verbs?.length) errors.push(field.required(`${path}.verbs`, 'verbs must contain at least one value'));
    if (rule.nonResourceURLs?.length) return errors;
    if (!rule.apiGroups?.length)
      errors.push(field.required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
    if (!rule.resources?.length)
      errors.push(field.required(`${path}.resources`, 'resource rules must supply at least one resource'));
    return errors;
  });

export const roleStrategy: Strategy<Role> = { defaults: defaultRole, validate: validateRules };

export const clusterRoleStrategy: Strategy<ClusterRole> = { defaults: defaultRole, validate: validateRules };

interface Binding {
  roleRef: RoleRef;
  subjects?: Subject[];
}

function defaultBinding({ roleRef, subjects }: Binding): void {
  roleRef.apiGroup ??= RBAC;
  for (const subject of subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= RBAC;
  }
}

const validateBinding =
  (roles: readonly string[]) =>
  ({ roleRef, subjects }: Binding, old: Binding | undefined): FieldError[] => {
    const errors: FieldError[] = [];
    if (old && !equal(roleRef, old.roleRef)) errors.push(field.invalid('roleRef', roleRef, 'cannot change roleRef'));
    if (!roles.includes(roleRef.kind)) errors.push(field.notSupported('roleRef.kind', roleRef.kind, roles));
    for (const [index, subject] of (subjects ?? []).entries()) {
      if (subject.kind === 'ServiceAccount' && !subject.namespace)
        errors.push(field.required(`subjects[${index}].namespace`));
    }
    return errors;
  };

export const roleBindingStrategy: Strategy<RoleBinding> = {
  defaults: defaultBinding,
  validate: validateBinding(['Role', 'ClusterRole']),
};

export const clusterRoleBindingStrategy: Strategy<ClusterRoleBinding> = {
  defaults: defaultBinding,
  validate: validateBinding(['ClusterRole']),
};

export const storageClassStrategy: Strategy<StorageClass> = {
  defaults(storage) {
    storage.reclaimPolicy ??= 'Delete';
    storage.volumeBindingMode ??= 'Immediate';
  },
  validate: (storage, old) =>
    old && (old.provisioner !== storage.provisioner || !equal(old.parameters, storage.parameters))
      ? [field.forbidden('parameters', 'updates to provisioner and parameters are forbidden.')]
      : [],
};
