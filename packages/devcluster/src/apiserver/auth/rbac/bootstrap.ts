// Puts the default roles and bindings into a store that does not have them, or has older ones.
import { randomUUID } from 'node:crypto';
import type { PolicyRule, Subject } from 'kubernetes-types/rbac/v1.d.ts';
import { timestamp, type ServerContext } from '../../context.js';
import type { ApiObject } from '../../json.js';
import type { Change } from '../../store/change.js';
import { aggregated } from './aggregation.js';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES } from './bindings.js';
import { AUTOUPDATE, defaultRoles, labelsOf, type DefaultRole } from './default-roles.js';
import { uncovered } from './rules.js';

const API = 'rbac.authorization.k8s.io';

type Role = ApiObject & { rules?: PolicyRule[] };
type Binding = ApiObject & { subjects?: Subject[] };

export function createRoles(context: ServerContext): void {
  const { store } = context;
  const changes: Change[] = [];
  const put = (resource: string, object: ApiObject | undefined): void => {
    if (object) changes.push({ resource, key: object.metadata.name ?? '', object });
  };
  const wanted = new Map(defaultRoles.map((role) => [role.name, roleOf(context, role)]));
  const roles = (): ApiObject[] => [
    ...store.list(CLUSTER_ROLES).filter(({ metadata }) => !wanted.has(metadata.name ?? '')),
    ...wanted.values(),
  ];
  // What holds others is made of them at once, the innermost first: nobody may find it empty.
  for (const { name } of defaultRoles.filter(({ aggregates }) => aggregates).reverse()) {
    const role = wanted.get(name) as Role;
    role.rules = aggregated(role, roles());
  }
  for (const [name, role] of wanted) {
    put(CLUSTER_ROLES, completedRole(store.get(CLUSTER_ROLES, name), role));
  }
  for (const role of defaultRoles) {
    if (!role.groups) continue;
    put(CLUSTER_ROLE_BINDINGS, completedBinding(store.get(CLUSTER_ROLE_BINDINGS, role.name), bindingOf(context, role)));
  }
  if (changes.length > 0) store.commit(changes);
}

function metadataOf(context: ServerContext, role: DefaultRole, labels: Record<string, string>): ApiObject['metadata'] {
  return {
    name: role.name,
    uid: randomUUID(),
    creationTimestamp: timestamp(context.now()),
    annotations: { [AUTOUPDATE]: 'true' },
    labels,
  };
}

function roleOf(context: ServerContext, role: DefaultRole): Role {
  return {
    apiVersion: `${API}/v1`,
    kind: 'ClusterRole',
    metadata: metadataOf(context, role, labelsOf(role)),
    ...(role.aggregates ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: role.aggregates }] } } : {}),
    rules: structuredClone([...role.rules]),
  };
}

function bindingOf(context: ServerContext, role: DefaultRole): Binding {
  return {
    apiVersion: `${API}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: metadataOf(context, role, { 'kubernetes.io/bootstrapping': 'rbac-defaults' }),
    roleRef: { apiGroup: API, kind: 'ClusterRole', name: role.name },
    subjects: (role.groups ?? []).map((name) => ({ apiGroup: API, kind: 'Group', name })),
  };
}

const isOurs = ({ metadata }: ApiObject): boolean => metadata.annotations?.[AUTOUPDATE] === 'true';

/** Undefined when nothing is to be written. What people added stays; what they took away comes back. */
function completedRole(old: Role | undefined, wanted: Role): Role | undefined {
  if (!old) return wanted;
  const missing = isOurs(old) ? uncovered(old.rules ?? [], wanted.rules ?? []) : [];
  return missing.length > 0 ? { ...old, rules: [...(old.rules ?? []), ...missing] } : undefined;
}

function completedBinding(old: Binding | undefined, wanted: Binding): Binding | undefined {
  if (!old) return wanted;
  const has = ({ kind, name }: Subject): boolean =>
    (old.subjects ?? []).some((subject) => subject.kind === kind && subject.name === name);
  const missing = isOurs(old) ? (wanted.subjects ?? []).filter((subject) => !has(subject)) : [];
  return missing.length > 0 ? { ...old, subjects: [...(old.subjects ?? []), ...missing] } : undefined;
}
