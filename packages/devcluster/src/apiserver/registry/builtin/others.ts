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
import { checkBudget } from '../../validation/budgets.js';
import { found } from '../../validation/findings.js';
import { checkLease } from '../../validation/leases.js';
import { checkBinding, checkRole, type BindingLike, type RoleLike } from '../../validation/rbac.js';
import { checkStorageClass } from '../../validation/storage-classes.js';
import type { Strategy } from '../resource.js';
import { setStatus } from './pods.js';

export const leaseStrategy: Strategy<Lease> = {
  requiresRevision: true,
  reportsMissing: true,
  createOnUpdate: true,
  defaults({ spec }) {
    // Fields of a feature that is off until it is asked for.
    delete spec?.strategy;
    delete spec?.preferredHolder;
  },
  validate: ({ spec = {} }) => found((findings) => checkLease(findings, spec)),
};

export const disruptionBudgetStrategy: Strategy<PodDisruptionBudget> = {
  requiresRevision: true,
  reportsMissing: true,
  generationFields: ['spec'],
  prepareForCreate(budget) {
    setStatus(budget, { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 });
  },
  validate: ({ spec = {} }) => found((findings) => checkBudget(findings, spec)),
};

const RBAC = 'rbac.authorization.k8s.io';

const roles = (namespaced: boolean): Strategy<RoleLike> => ({
  reportsMissing: true,
  defaults(role) {
    role.rules ??= [];
  },
  validate: (role) => found((findings) => checkRole(findings, role, namespaced)),
});

export const roleStrategy: Strategy<Role> = roles(true);
export const clusterRoleStrategy: Strategy<ClusterRole> = roles(false);

const bindings = (namespaced: boolean): Strategy<BindingLike> => ({
  reportsMissing: true,
  defaults({ roleRef, subjects }) {
    roleRef.apiGroup ||= RBAC;
    for (const subject of subjects ?? [])
      if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= RBAC;
  },
  validate: (binding, old) => found((findings) => checkBinding(findings, binding, old, namespaced)),
});

export const roleBindingStrategy: Strategy<RoleBinding> = bindings(true);
export const clusterRoleBindingStrategy: Strategy<ClusterRoleBinding> = bindings(false);

export const storageClassStrategy: Strategy<StorageClass> = {
  reportsMissing: true,
  defaults(storage) {
    storage.reclaimPolicy ??= 'Delete';
    storage.volumeBindingMode ??= 'Immediate';
  },
  validate: (storage, old) => found((findings) => checkStorageClass(findings, storage, old)),
};
