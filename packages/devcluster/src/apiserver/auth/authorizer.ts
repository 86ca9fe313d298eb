// Who may do what. The seam that RBAC (rbac/) stands behind.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.d.ts';
import type { UserInfo } from '../request.js';

export interface AuthorizationAttributes {
  user: UserInfo;
  /** A verb of resource requests, or an HTTP method in lower case. */
  verb: string;
  /** Absent for paths that are no resources. */
  resource?: {
    group: string;
    version: string;
    plural: string;
    subresource?: string;
    namespace?: string;
    name?: string;
  };
  path?: string;
}

/** An empty reason: there is nothing to add to "forbidden". */
export type Decision = { allowed: true; reason?: string } | { allowed: false; reason: string };

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision | Promise<Decision>;
  /** What the user may do in the namespace; absent: this authorizer cannot tell beforehand. */
  rules?(user: UserInfo, namespace: string | undefined): readonly PolicyRule[];
}

/** Everything that is authenticated is allowed. */
export const allowAll: Authorizer = { authorize: () => ({ allowed: true }) };

/** The words of a refusal. */
export function refusal({ user, verb, resource, path = '' }: AuthorizationAttributes, reason: string): string {
  const why = reason ? `: ${reason}` : '';
  if (!resource) return `User "${user.name}" cannot ${verb} path "${path}"${why}`;
  const { plural, subresource, group, namespace } = resource;
  const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
  const what = subresource ? `${plural}/${subresource}` : plural;
  return `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}${why}`;
}
