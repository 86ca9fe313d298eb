// How the administrator of a MariaDB logs in, for a server that is run here and for an external one.
import { Reason } from '@stackwright/api';
import { done, failed, type Outcome, type Reconciled, type StepScope } from '@stackwright/graph';
import { EndpointSlice, Secret, type Resource } from '@stackwright/kube';
import { managedServer, namedBy, portIn, secretReference, serverInUseOf, usableLines } from '@stackwright/openstack';
import { externalServerKeys, type MariaDB } from '../crd.js';
import type { SqlLogin } from '../sql/admin.js';
import { port } from './files.js';

/** Where a server is, and as whom to administer it. */
export interface Server {
  /** As the controller reaches it. */
  login: SqlLogin;
  /** As clients in Pods reach it. */
  address: { host: string; port: number };
}

/** Kinds that `serverOf` reads. */
export const serverReads: readonly Resource[] = [Secret, EndpointSlice];

export const rootPasswordSecret = (mariadb: string): string => `${mariadb}-root-password`;

type Scope = Pick<StepScope<Reconciled>, 'get' | 'list' | 'namespace'>;

/** The one that the spec names. */
export function serverOf(scope: Scope, mariadb: Readonly<MariaDB>): Outcome<Server> {
  return serverAt(scope, mariadb, namedBy(mariadb));
}

/** The one on which claims stand: the one before as long as that which the spec names is not ready to take over. */
export function serverInUse(scope: Scope, mariadb: Readonly<MariaDB>): Outcome<Server> {
  const { externalSecret } = serverInUseOf(mariadb);
  // What has never run here can only be elsewhere.
  const hasRunHere = scope.get(Secret, rootPasswordSecret(mariadb.metadata?.name ?? '')) !== undefined;
  return serverAt(scope, mariadb, externalSecret ?? (hasRunHere ? undefined : namedBy(mariadb)));
}

function serverAt(scope: Scope, mariadb: Readonly<MariaDB>, externalSecret: string | undefined): Outcome<Server> {
  return externalSecret === undefined
    ? localServer(scope, mariadb.metadata?.name ?? '')
    : externalServer(scope, externalSecret);
}

function localServer(scope: Scope, name: string): Outcome<Server> {
  const server = managedServer(scope, { name, portName: 'mysql', passwordSecret: rootPasswordSecret(name) });
  if (server.state !== 'Done') return server;
  return done({
    login: { ...server.output, username: 'root' },
    address: { host: `${name}.${scope.namespace}.svc`, port },
  });
}

function externalServer(scope: Scope, name: string): Outcome<Server> {
  const use = { name, service: 'mariadb', field: 'spec.external.secretRef' };
  const secret = usableLines(scope, use, externalServerKeys);
  if (secret.state !== 'Done') return secret;
  const { host, username, password } = secret.output;
  const malformed = (what: string) =>
    failed(Reason.SecretIncomplete, `Secret ${name} (${use.field}) has ${what}`, {
      on: secretReference(name, scope),
    });
  if (!/^[^\s/@]+$/.test(host)) return malformed('no host name in "host"');
  const port = portIn(secret.output.port);
  if (port === undefined) return malformed('no port number in "port"');
  return done({ login: { host, port, username, password }, address: { host, port } });
}
