// A MariaDB as a graph: the server that is run here, or the one that is told of by a Secret.
import { Reason } from '@stackwright/api';
import {
  defineObjectGraph,
  done,
  hashOf,
  waiting,
  type Graph,
  type GraphBuilder,
  type StepHandle,
} from '@stackwright/core';
import { Pod, PodDisruptionBudget, Secret, Service, StatefulSet } from '@stackwright/kube';
import { keptPassword, secretWith, serverStep } from '@stackwright/openstack';
import { catalog } from '../catalog.js';
import { MariaDB } from '../crd.js';
import type { SqlAdmin } from '../sql/admin.js';
import { explain } from '../sql/explain.js';
import { initSql, myCnf, port } from './files.js';
import { reachableServer, rootPasswordSecret, serverOf, serverReads, type Server } from './login.js';
import { serverPod } from './pod.js';

const configSecret = (name: string): string => `${name}-config`;

export function mariadbGraph(sql: SqlAdmin): Graph<MariaDB> {
  return defineObjectGraph(
    MariaDB,
    (g, { spec }) => {
      const after = spec.external ? [] : [runServer(g)];
      endpointStep(g, sql, after);
    },
    {
      owns: [Secret, Service, StatefulSet, PodDisruptionBudget],
      reads: [...serverReads, { resource: Pod, parts: true }],
      status(scope) {
        const server = scope.output<Endpoint>({ name: 'Endpoint' });
        return server ? { endpoint: `${server.address.host}:${server.address.port}`, version: server.version } : {};
      },
    },
  );
}

interface Endpoint extends Pick<Server, 'address'> {
  version: string;
}

/** Password, configuration, Services and StatefulSet. */
function runServer(g: GraphBuilder<MariaDB>): StepHandle {
  const password = g.step({
    name: 'Password',
    owns: [Secret],
    run: (scope) => keptPassword(scope, rootPasswordSecret(scope.name)),
  });

  const config = g.step({
    name: 'Config',
    after: [password],
    owns: [Secret],
    run(scope) {
      const files = { 'my.cnf': myCnf, 'init.sql': initSql(scope.output(password).password) };
      const name = configSecret(scope.name);
      return scope.own(Secret, secretWith(name, files))
        ? done(hashOf(files))
        : waiting(Reason.Pending, `Secret ${name} is being created`);
    },
  });

  return serverStep(g, {
    user: catalog.user,
    ports: { mysql: port },
    clientService: true,
    pod: ({ name, object }) => serverPod(object.spec, configSecret(name)),
    hash: (scope) => scope.output(config),
    after: [config],
  });
}

/** Ready is a server that answers, whatever is said of its Pods. */
function endpointStep(g: GraphBuilder<MariaDB>, sql: SqlAdmin, after: readonly StepHandle[]): void {
  g.external<string, never, Endpoint>({
    name: 'Endpoint',
    after,
    reads: serverReads,
    ready: (scope) => serverOf(scope, scope.object),
    async observe(scope, signal) {
      const [rows] = await sql.run(
        reachableServer(scope, scope.object).login,
        [{ sql: 'SELECT VERSION() AS version', values: [] }],
        signal,
      );
      const version = rows?.[0]?.['version'];
      return typeof version === 'string' ? version : 'unknown';
    },
    diff: () => [],
    describe: () => '',
    apply: () => Promise.resolve(),
    output: (scope, version) => ({ address: reachableServer(scope, scope.object).address, version }),
    explain,
    resync: 60_000,
  });
}
