// Nobody gives away what they do not have: roles and bindings may only be written by who holds their rules, or may
// `escalate` that role, or `bind` it.
import type { AggregationRule, PolicyRule } from 'kubernetes-types/rbac/v1.d.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission.js';
import { forbidden, notFound } from '../../errors.js';
import { equal, type ApiObject } from '../../json.js';
import type { Store } from '../../store/store.js';
import type { Authorizer } from '../authorizer.js';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES, type Binding } from './bindings.js';
import { EVERYTHING, rulesOf } from './rbac.js';
import { describeRule, quoted, uncovered } from './rules.js';

const GROUP = 'rbac.authorization.k8s.io';

type Role = ApiObject & { rules?: PolicyRule[]; aggregationRule?: AggregationRule };

/** For authorizers that can tell what a user may do; with others everybody may write roles who may write them. */
export function escalationPrevention(store: Store, authorizer: Authorizer): AdmissionPlugin {
  const may = async (verb: string, attributes: AdmissionAttributes, plural: string, name: string): Promise<boolean> => {
    const { namespace, user } = attributes;
    const resource = { group: GROUP, version: 'v1', plural, name, ...(namespace ? { namespace } : {}) };
    return (await authorizer.authorize({ user, verb, resource })).allowed;
  };

  const confirm = ({ user, namespace, resource, name }: AdmissionAttributes, wanted: readonly PolicyRule[]): void => {
    const missing = uncovered(authorizer.rules?.(user, namespace) ?? EVERYTHING, wanted);
    if (missing.length === 0) return;
    throw forbidden(
      resource,
      name,
      `user "${user.name}" (groups=${quoted(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${missing.map(describeRule).join('\n')}`,
    );
  };

  async function role(attributes: AdmissionAttributes, object: Role, old: Role | undefined): Promise<void> {
    if (old && equal(object.rules, old.rules) && equal(object.aggregationRule, old.aggregationRule)) return;
    if (await may('escalate', attributes, attributes.resource.plural, attributes.name)) return;
    // Who collects rules by label may get any.
    const collects = object.aggregationRule && !equal(object.aggregationRule, old?.aggregationRule);
    confirm(attributes, collects ? EVERYTHING : (object.rules ?? []));
  }

  async function binding(attributes: AdmissionAttributes, object: Binding, old: Binding | undefined): Promise<void> {
    if (old && equal(object.roleRef, old.roleRef) && equal(object.subjects, old.subjects)) return;
    const { kind, name } = object.roleRef;
    const plural = kind === 'Role' ? 'roles' : 'clusterroles';
    if (await may('bind', attributes, plural, name)) return;
    const rules = rulesOf(store, object);
    if (!rules) throw notFound({ group: GROUP, plural }, name);
    confirm(attributes, rules);
  }

  return {
    name: 'RBACEscalation',
    async validate(attributes) {
      const { object, oldObject } = attributes;
      if (!object) return;
      const { storage } = attributes.resource;
      if (storage === ROLES || storage === CLUSTER_ROLES) await role(attributes, object, oldObject);
      if (storage === ROLE_BINDINGS || storage === CLUSTER_ROLE_BINDINGS)
        await binding(attributes, object as Binding, oldObject as Binding | undefined);
    },
  };
}
