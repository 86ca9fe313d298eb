// A MariaDB as a graph: the server that is run here, or the one that is told of by a Secret.
import { DatabaseClaim } from '@stackwright/api';
import type { Graph, GraphBuilder, StepHandle, StepScope } from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import {
  claimsOfProvider,
  configCheckOwns,
  configCheckStep,
  configSecret,
  defineServer,
  keptPassword,
  serverConfigStep,
  serverStep,
  whoServed,
} from '@stackwright/openstack';
import { catalog } from '../catalog.js';
import { MariaDB } from '../crd.js';
import type { SqlAdmin } from '../sql/admin.js';
import { explain } from '../sql/explain.js';
import { databasesNotOn } from '../sql/moved.js';
import { connectionLimitStep, connectionsStep, derivedConnections, readsOfConnections } from './connections.js';
import { configCheckProgram, initSql, myCnf, port, serverOptions } from './files.js';
import { rootPasswordSecret, serverOf, serverReads } from './login.js';
import { serverPod } from './pod.js';
import { versionStep } from './version.js';

export function mariadbGraph(sql: SqlAdmin): Graph<MariaDB> {
  return defineServer(MariaDB, {
    run: runServer,
    tend: (g, endpoint) => connectionLimitStep(g, sql, endpoint),
    owns: configCheckOwns,
    reads: [...serverReads, claimsOfProvider(DatabaseClaim)],
    server: serverOf,
    async ask({ login }, signal) {
      const [rows] = await sql.run(login, [{ sql: 'SELECT VERSION() AS version', values: [] }], signal);
      const version = rows?.[0]?.['version'];
      return typeof version === 'string' ? version : 'unknown';
    },
    endpoint: ({ address }) => `${address.host}:${address.port}`,
    explain,
    lacks(scope, { login }, signal) {
      const claims = scope.list(DatabaseClaim).filter(({ spec }) => spec.provider === scope.name);
      return databasesNotOn(sql, login, claims, signal);
    },
    kept: (name) => [rootPasswordSecret(name)],
  });
}

/** Password, configuration, Services and StatefulSet. */
function runServer(g: GraphBuilder<MariaDB>): StepHandle {
  const password = g.step({
    name: 'Password',
    owns: [Secret],
    run: (scope) =>
      keptPassword(scope, rootPasswordSecret(scope.name), {
        wasInUse: whoServed(scope.object) === 'Here',
        copy: ` (init.sql of the Secret ${configSecret(scope.name)} has it, too)`,
      }),
  });
  const version = versionStep(g);
  const check = configCheckStep(g, {
    catalog,
    program: configCheckProgram,
    option: (name, value) => `--${name}=${value}`,
  });
  connectionsStep(g);
  const filesWith = (scope: StepScope<MariaDB>, maxConnections?: number) => ({
    'my.cnf': myCnf(serverOptions(scope.object.spec, maxConnections)),
    'init.sql': initSql(scope.output(password).password),
  });
  const config = serverConfigStep(g, {
    files: (scope) => filesWith(scope, derivedConnections(scope)),
    // How many connections claims want is told to the running server: no claim starts it anew.
    needsRestart: (scope) => filesWith(scope),
    reads: readsOfConnections,
    salt: (scope) => scope.output(password).uid,
    after: [password, check, version],
  });
  return serverStep(g, {
    user: catalog.user,
    ports: { mysql: port },
    clientService: true,
    pod: ({ name, object }) => serverPod(object.spec, configSecret(name)),
    hash: (scope) => scope.output(config),
    after: [config],
    network: {
      claims: DatabaseClaim,
      clients: ['mysql'],
      controller: { module: 'mariadb', ports: ['mysql'] },
    },
  });
}
