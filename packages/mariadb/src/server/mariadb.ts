// A MariaDB as a graph: the server that is run here, or the one that is told of by a Secret.
import { defineObjectGraph, type Graph, type GraphBuilder, type StepHandle } from '@stackwright/core';
import { Pod, PodDisruptionBudget, Secret, Service, StatefulSet } from '@stackwright/kube';
import { configSecret, keptPassword, serverConfigStep, serverEndpointStep, serverStep } from '@stackwright/openstack';
import { catalog } from '../catalog.js';
import { MariaDB } from '../crd.js';
import type { SqlAdmin } from '../sql/admin.js';
import { explain } from '../sql/explain.js';
import { initSql, myCnf, port } from './files.js';
import { rootPasswordSecret, serverOf, serverReads, type Server } from './login.js';
import { serverPod } from './pod.js';

export function mariadbGraph(sql: SqlAdmin): Graph<MariaDB> {
  return defineObjectGraph(
    MariaDB,
    (g, { spec }) => {
      serverEndpointStep(g, {
        after: spec.external ? [] : [runServer(g)],
        reads: serverReads,
        server: (scope) => serverOf(scope, scope.object),
        async ask({ login }, signal) {
          const [rows] = await sql.run(login, [{ sql: 'SELECT VERSION() AS version', values: [] }], signal);
          const version = rows?.[0]?.['version'];
          return typeof version === 'string' ? version : 'unknown';
        },
        explain,
      });
    },
    {
      owns: [Secret, Service, StatefulSet, PodDisruptionBudget],
      reads: [...serverReads, { resource: Pod, parts: true }],
      status(scope) {
        const server = scope.output<Server & { version: string }>({ name: 'Endpoint' });
        return server ? { endpoint: `${server.address.host}:${server.address.port}`, version: server.version } : {};
      },
    },
  );
}

/** Password, configuration, Services and StatefulSet. */
function runServer(g: GraphBuilder<MariaDB>): StepHandle {
  const password = g.step({
    name: 'Password',
    owns: [Secret],
    run: (scope) => keptPassword(scope, rootPasswordSecret(scope.name)),
  });
  const config = serverConfigStep(g, {
    files: (scope) => ({ 'my.cnf': myCnf, 'init.sql': initSql(scope.output(password).password) }),
    after: [password],
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
