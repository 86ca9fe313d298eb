// How the administrator of a MariaDB logs in, for a server that is run here and for an external one.
import { Reason } from '@stackwright/api';
import { done, failed, type Outcome, type Reconciled, type StepScope } from '@stackwright/graph';
import { EndpointSlice, Secret, type Resource } from '@stackwright/kube';
import { managedServer, portIn, secretReference, usableValues } from '@stackwright/openstack';
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

export function serverOf(
  scope: Pick<StepScope<Reconciled>, 'get' | 'list' | 'namespace'>,
  mariadb: Readonly<MariaDB>,
): Outcome<Server> {
  const { external } = mariadb.spec;
  return external ? externalServer(scope, external.secretRef.name) : localServer(scope, mariadb.metadata?.name ?? '');
}

function localServer(scope: Pick<StepScope<Reconciled>, 'get' | 'list' | 'namespace'>, name: string): Outcome<Server> {
  const server = managedServer(scope, { name, portName: 'mysql', passwordSecret: rootPasswordSecret(name) });
  if (server.state !== 'Done') return server;
  return done({
    login: { ...server.output, username: 'root' },
    address: { host: `${name}.${scope.namespace}.svc`, port },
  });
}

function externalServer(scope: Pick<StepScope<Reconciled>, 'get' | 'namespace'>, name: string): Outcome<Server> {
  const use = { name, service: 'mariadb', field: 'spec.external.secretRef' };
  const secret = usableValues(scope, use, externalServerKeys);
  if (secret.state !== 'Done') return secret;
  const { host, username, password } = secret.output;
  const malformed = (what: string) =>
    failed(Reason.SecretIncomplete, `Secret ${name} (${use.field}) has ${what}`, {
      on: secretReference(name, scope),
    });
  // Many editors end a file with a new line, which would be asked for.
  if (!/^[^\s/@]+$/.test(host)) return malformed('no host name in "host"');
  const port = portIn(secret.output.port);
  if (port === undefined) return malformed('no port number in "port"');
  return done({ login: { host, port, username, password }, address: { host, port } });
}
