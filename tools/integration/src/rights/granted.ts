// What `stackwright manifests` grants each controller, Roles and ClusterRoles together, one right a line.
import { manifestsFor, modules } from '@stackwright/cli';
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '@stackwright/kube';
import { written } from './right.js';

/** Sorted, each once. */
export function grantedRights(): string[] {
  const objects = manifestsFor(modules, { namespace: 'any', imagePrefix: 'any', tag: 'any' });
  const ofKinds = <T>(...kinds: string[]): T[] => objects.filter(({ kind = '' }) => kinds.includes(kind)) as T[];
  const roles = ofKinds<Role | ClusterRole>('Role', 'ClusterRole');
  const rights = ofKinds<RoleBinding | ClusterRoleBinding>('RoleBinding', 'ClusterRoleBinding').flatMap(
    ({ roleRef, subjects = [] }) =>
      roles
        .filter(({ kind, metadata }) => kind === roleRef.kind && metadata?.name === roleRef.name)
        .flatMap(({ rules = [] }) => rules ?? [])
        .flatMap(({ apiGroups = [], resources = [], verbs }) =>
          subjects.flatMap(({ name: controller }) =>
            apiGroups.flatMap((group) =>
              resources.flatMap((resource) => verbs.map((verb) => written({ controller, group, resource, verb }))),
            ),
          ),
        ),
  );
  return [...new Set(rights)].sort();
}
