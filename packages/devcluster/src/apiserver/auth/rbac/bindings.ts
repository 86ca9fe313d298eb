// Which roles are bound to whom: an index of the stored bindings by subject, so that a request costs a few look-ups
// however many bindings there are.
import type { RoleRef, Subject } from 'kubernetes-types/rbac/v1.d.ts';
import type { ApiObject } from '../../json.js';
import type { UserInfo } from '../../request.js';
import type { Store } from '../../store/store.js';

export const ROLES = 'rbac.authorization.k8s.io/roles';
export const CLUSTER_ROLES = 'rbac.authorization.k8s.io/clusterroles';
export const ROLE_BINDINGS = 'rbac.authorization.k8s.io/rolebindings';
export const CLUSTER_ROLE_BINDINGS = 'rbac.authorization.k8s.io/clusterrolebindings';

export type Binding = ApiObject & { roleRef: RoleRef; subjects?: Subject[] };

/** A binding as it applies to one user. */
export interface Bound {
  binding: Binding;
  /** The one by which it applies. */
  subject: Subject;
}

const CLUSTER = '';

export class BindingIndex {
  /** By namespace ("" for the cluster), then by subject, then by the binding's name. */
  readonly #bindings = new Map<string, Map<string, Map<string, Bound>>>();

  constructor(store: Store) {
    for (const resource of [CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS])
      for (const object of store.list(resource)) this.#add(object as Binding);
    store.subscribe((resource, { type, object, previous }) => {
      if (resource !== CLUSTER_ROLE_BINDINGS && resource !== ROLE_BINDINGS) return;
      if (previous) this.#remove(previous as Binding);
      if (type !== 'DELETED') this.#add(object as Binding);
    });
  }

  /** Bindings of the cluster and, when one is given, of the namespace. */
  *of(user: UserInfo, namespace: string | undefined): Generator<Bound> {
    const subjects = [`User:${user.name}`, ...user.groups.map((group) => `Group:${group}`)];
    for (const scope of namespace ? [CLUSTER, namespace] : [CLUSTER]) {
      const bindings = this.#bindings.get(scope);
      if (bindings) for (const subject of subjects) yield* bindings.get(subject)?.values() ?? [];
    }
  }

  #add(binding: Binding): void {
    const { namespace = CLUSTER, name = '' } = binding.metadata;
    const scope = at(this.#bindings, namespace, () => new Map<string, Map<string, Bound>>());
    for (const subject of binding.subjects ?? []) {
      at(scope, keyOf(subject, namespace), () => new Map<string, Bound>()).set(name, { binding, subject });
    }
  }

  #remove(binding: Binding): void {
    const { namespace = CLUSTER, name = '' } = binding.metadata;
    const scope = this.#bindings.get(namespace);
    for (const subject of binding.subjects ?? []) {
      const key = keyOf(subject, namespace);
      const bound = scope?.get(key);
      bound?.delete(name);
      if (bound?.size === 0) scope?.delete(key);
    }
    if (scope?.size === 0) this.#bindings.delete(namespace);
  }
}

function keyOf({ kind, name, namespace }: Subject, bindingNamespace: string): string {
  if (kind !== 'ServiceAccount') return `${kind}:${name}`;
  return `User:system:serviceaccount:${namespace ?? bindingNamespace}:${name}`;
}

function at<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
