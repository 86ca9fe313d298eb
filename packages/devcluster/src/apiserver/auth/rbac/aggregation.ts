// ClusterRoles made of others: whoever labels a role gives its rules to the roles that collect that label.
import { ClusterRole, isNotFound, matchesSelector, type Client } from '@stackwright/kube';
import type { AggregationRule, PolicyRule } from 'kubernetes-types/rbac/v1.d.ts';
import { equal, type ApiObject } from '../../json.js';
import { Worker } from '../../lifecycle/worker.js';
import type { Store } from '../../store/store.js';
import { CLUSTER_ROLES } from './bindings.js';

type Role = ApiObject & { aggregationRule?: AggregationRule; rules?: PolicyRule[] };

/** The rules of all roles that the role's selectors match, in the order of their names, each rule once. */
export function aggregated(role: Role, roles: readonly Role[]): PolicyRule[] {
  const rules: PolicyRule[] = [];
  const sources = roles
    .filter((other) => other.metadata.name !== role.metadata.name && isCollected(role, other))
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  for (const source of sources)
    for (const rule of source.rules ?? []) if (!rules.some((known) => equal(known, rule))) rules.push(rule);
  return rules;
}

const isCollected = ({ aggregationRule }: Role, { metadata }: Role): boolean =>
  (aggregationRule?.clusterRoleSelectors ?? []).some((selector) => matchesSelector(selector, metadata.labels));

/** Keeps them up to date. */
export class RoleAggregation {
  readonly #store: Store;
  readonly #client: Client;
  readonly #worker = new Worker((key) => this.#process(key));
  readonly #unsubscribe: () => void;

  constructor(store: Store, client: Client) {
    this.#store = store;
    this.#client = client;
    this.#unsubscribe = store.subscribe((resource) => {
      if (resource === CLUSTER_ROLES) this.#addAll();
    });
    this.#addAll();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#worker.stop();
  }

  /** Whichever role changed, it may be part of any of them. They are few. */
  #addAll(): void {
    for (const role of this.#store.list(CLUSTER_ROLES) as Role[])
      if (role.aggregationRule) this.#worker.add(role.metadata.name ?? '');
  }

  async #process(name: string): Promise<void> {
    const role = this.#store.get(CLUSTER_ROLES, name) as Role | undefined;
    if (!role?.aggregationRule || role.metadata.deletionTimestamp !== undefined) return;
    const rules = aggregated(role, this.#store.list(CLUSTER_ROLES));
    if (equal(rules, role.rules ?? [])) return;
    try {
      await this.#client.update(ClusterRole, structuredClone({ ...role, rules }) as ClusterRole, {
        fieldManager: 'clusterrole-aggregation-controller',
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
