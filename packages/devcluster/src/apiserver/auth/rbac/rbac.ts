// Role-based access control: everything is forbidden but what a role says that is bound to the user or one of its groups.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.d.ts';
import type { ApiObject } from '../../json.js';
import type { UserInfo } from '../../request.js';
import type { Store } from '../../store/store.js';
import type { AuthorizationAttributes, Authorizer, Decision } from '../authorizer.js';
import { BindingIndex, CLUSTER_ROLES, ROLES, type Binding, type Bound } from './bindings.js';
import { allows } from './rules.js';

/** Its members may do everything, whatever the roles say: they are who mends the roles. */
export const MASTERS = 'system:masters';

export class RbacAuthorizer implements Authorizer {
  readonly #store: Store;
  readonly #bindings: BindingIndex;

  constructor(store: Store) {
    this.#store = store;
    this.#bindings = new BindingIndex(store);
  }

  authorize(attributes: AuthorizationAttributes): Decision {
    const { user, resource } = attributes;
    if (user.groups.includes(MASTERS)) return { allowed: true };
    const missing: string[] = [];
    for (const bound of this.#bindings.of(user, resource?.namespace)) {
      const rules = rulesOf(this.#store, bound.binding);
      if (!rules) missing.push(noSuchRole(bound.binding));
      else if (rules.some((rule) => allows(rule, attributes))) return { allowed: true, reason: because(bound) };
    }
    return { allowed: false, reason: missing.length > 0 ? `RBAC: ${list([...new Set(missing)])}` : '' };
  }

  rules(user: UserInfo, namespace: string | undefined): PolicyRule[] {
    return [...this.#bindings.of(user, namespace)].flatMap(({ binding }) => rulesOf(this.#store, binding) ?? []);
  }
}

export const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

/** The rules of the role that a binding refers to; undefined when there is none. */
export function rulesOf(store: Store, { roleRef, metadata }: Binding): readonly PolicyRule[] | undefined {
  const role =
    roleRef.kind === 'ClusterRole'
      ? store.get(CLUSTER_ROLES, roleRef.name)
      : store.get(ROLES, `${metadata.namespace ?? ''}/${roleRef.name}`);
  return (role as (ApiObject & { rules?: PolicyRule[] }) | undefined)?.rules ?? (role ? [] : undefined);
}

const noSuchRole = ({ roleRef: { kind, name } }: Binding): string =>
  `${kind.toLowerCase()}.rbac.authorization.k8s.io "${name}" not found`;

const list = (items: readonly string[]): string =>
  items.length === 1 ? (items[0] as string) : `[${items.join(', ')}]`;

function because({ binding: { kind, metadata, roleRef }, subject }: Bound): string {
  const name = metadata.namespace ? `${metadata.name ?? ''}/${metadata.namespace}` : (metadata.name ?? '');
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace ?? ''}` : subject.name;
  return `RBAC: allowed by ${kind ?? ''} "${name}" of ${roleRef.kind} "${roleRef.name}" to ${subject.kind} "${who}"`;
}
