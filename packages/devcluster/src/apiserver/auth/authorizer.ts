// Who may do what. The seam for RBAC.
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

export type Decision = { allowed: true } | { allowed: false; reason: string };

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): Decision | Promise<Decision>;
}

/** Everything that is authenticated is allowed. */
export const allowAll: Authorizer = { authorize: () => ({ allowed: true }) };
