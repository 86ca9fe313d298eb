// Names that more than one process must agree on: API groups, labels, annotations. All of ours end in "stackwright.dev".

export const domain = 'stackwright.dev';

/** What the processes of this project say about themselves: in labels, annotations, events, metrics and requests. */
export const stackwright = {
  domain,
  managedBy: 'stackwright',
  metricPrefix: 'stackwright',
  product: 'stackwright',
  version: '0.1.0',
} as const;

export const groups = {
  /** The coordinator's. */
  core: domain,
  claims: `claims.${domain}`,
  /** A service's own group: "keystone.stackwright.dev". */
  of: (service: string): string => `${service}.${domain}`,
} as const;

/** All kinds are of this version for now. */
export const version = 'v1alpha1';

/** `kubectl get stackwright` lists every object of ours. */
export const category = 'stackwright';

export const labels = {
  /** On a service's CRD: the name under which a ControlPlane names it. */
  service: `${domain}/service`,
  /** On a service's CRD: the role that it plays for others ("database"), where it plays one. */
  provides: `${domain}/provides`,
  /**
   * On a Secret that a user made: the service whose controller may read it. Whoever may create a custom resource must
   * not be able to point a controller, which may read every Secret of the namespace, at just any of them.
   */
  usableBy: `${domain}/usable-by`,
} as const;

export const annotations = {
  /** On a service's CRD: roles and services that it needs, separated by commas ("database,cache"). */
  requires: `${domain}/requires`,
  /** On a Pod: the users it runs with, as JSON: by claim that gave them their passwords. */
  credentials: `${domain}/credentials`,
  /** On a Pod that keeps tokens: the ids of its users, as JSON: of one who was made again its tokens are of no use. */
  userIds: `${domain}/user-ids`,
  /** On a Pod: the hash of what it reads when it starts, and not again. */
  configHash: `${domain}/config-hash`,
  /**
   * On a claim for credentials: the user with whom all of its consumer runs, who writes it. Older credentials are dropped
   * when it names the user in the Secret; while it is absent, nothing is. It asks for nothing else, so it is not in the spec:
   * a claim that is fulfilled stays so.
   */
  inUse: `${domain}/in-use`,
  /**
   * On a DatabaseClaim whose database is lost: the id of that (`status.databaseId`). It allows to go on with another database, or
   * with an empty one. Once: that has another id.
   */
  acceptNewDatabase: `${domain}/accept-new-database`,
  /**
   * On a MessagingClaim that finds a virtual host which is in use under its own namespace and name, and whose password it does not know:
   * the name of the virtual host (`spec.vhost`). It says that this is the claim's own, and not that of another cluster. And on one that
   * finds another virtual host in the place of its own: the id of that (`status.vhostId`). It allows to go on with what is there.
   */
  acceptVirtualHost: `${domain}/accept-virtual-host`,
  /**
   * On an object whose password or keys are lost: the id of the lost Secret (`status.kept`). It allows to make a new one. Once: that
   * has another id.
   */
  makeAnew: `${domain}/make-anew`,
  /**
   * On a DatabaseClaim: how many connections all of its consumer may have open at once, who writes it. The server says when the
   * claims on it make more than it takes. It is not in the spec for the same reason as that of who uses it.
   */
  connections: `${domain}/connections`,
} as const;

/** Of the Pods of a controller: by them servers let it in. `module`: "mariadb". */
export const controllerLabels = (module: string): Record<string, string> => ({
  'app.kubernetes.io/name': `${module}-controller`,
  'app.kubernetes.io/component': 'controller',
});

/** Roles that one service plays for others. */
export const roles = {
  database: 'database',
  cache: 'cache',
  identity: 'identity',
  messaging: 'messaging',
} as const;

/** Those that infrastructure plays: a ControlPlane's `infrastructure` is keyed by them. */
export const infrastructureRoles: readonly string[] = [roles.database, roles.cache, roles.messaging];
