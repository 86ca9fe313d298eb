// A DatabaseClaim as a graph: a name nobody else has, a password, the database itself, and the Secret that says where it is.
import { DatabaseClaim, Reason, reservedDatabaseNames, type DatabaseConnection } from '@stackwright/api';
import { defineGraph, failed, type Graph, type Outcome, type StepScope } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import {
  credentialClaimStatus,
  credentialsOf,
  firstClaim,
  keptCredentials,
  ownConnection,
  readyServer,
  Refused,
  removeDropped,
  type ClaimCredentials,
  type Credential,
} from '@stackwright/openstack';
import { MariaDB } from '../crd.js';
import { reachableServer, serverOf, serverReads } from '../server/login.js';
import type { SqlAdmin } from '../sql/admin.js';
import {
  changesOfAll,
  describeChange,
  dropAll,
  observeDatabase,
  refusalOf,
  statementOf,
  type Generations,
  type ObservedDatabase,
  type UserChange,
  type WantedDatabase,
} from '../sql/databases.js';
import { explain } from '../sql/explain.js';

type Scope = StepScope<DatabaseClaim>;

export function databaseClaimGraph(sql: SqlAdmin): Graph<DatabaseClaim> {
  return defineGraph(
    DatabaseClaim,
    (g) => {
      const name = g.step({ name: 'Name', reads: [DatabaseClaim], run: nameOutcome });

      const provider = g.step({
        name: 'Provider',
        reads: [MariaDB, ...serverReads],
        run: (scope) => readyServer(scope, MariaDB, scope.object.spec.provider, (mariadb) => serverOf(scope, mariadb)),
      });

      const credentials = g.step({
        name: 'Password',
        after: [name],
        owns: [Secret],
        run: (scope) => credentialsOf(scope, { base: scope.object.spec.database }),
      });
      const wanted = (scope: Scope): Generations<WantedDatabase> => generationsOf(scope, scope.output(credentials));

      const database = g.external<Generations<ObservedDatabase>, UserChange, undefined>({
        name: 'Database',
        after: [name, provider, credentials],
        reads: [MariaDB, ...serverReads],
        async observe(scope, signal) {
          const { current, superseded, dropped } = wanted(scope);
          const observe = (one: WantedDatabase) => observeDatabase(sql, scope.output(provider).login, one, signal);
          const observed = await observe(current);
          const refusal = refusalOf(current, observed);
          if (refusal) throw new Refused(refusal.reason, refusal.message);
          return {
            current: observed,
            superseded: await Promise.all(superseded.map(observe)),
            dropped: await Promise.all(dropped.map(observe)),
          };
        },
        diff: (scope, observed) => changesOfAll(wanted(scope), observed),
        describe: describeChange,
        async apply(scope, changes, signal) {
          const statements = changes.map((one) => statementOf(one.wanted, one.change));
          await sql.run(scope.output(provider).login, statements, signal);
        },
        output: () => undefined,
        removeOn: 'DeletePolicy',
        remove: (scope, signal) => removeDatabase(sql, scope, signal),
        explain,
      });

      g.step({
        name: 'Connection',
        after: [provider, credentials, database],
        owns: [Secret],
        run(scope) {
          const { address } = scope.output(provider);
          const { database, username, password } = wanted(scope).current;
          const connection: DatabaseConnection = {
            ...address,
            port: String(address.port),
            database,
            username,
            password,
          };
          return ownConnection(scope, connection);
        },
      });

      g.step({
        name: 'Superseded',
        after: [credentials, database],
        owns: [Secret],
        run: (scope) => removeDropped(scope, scope.output(credentials)),
      });
    },
    { status: (scope) => credentialClaimStatus(scope, scope.output<ClaimCredentials>({ name: 'Password' })) },
  );
}

/** The first user has the name of its database, later ones with an ending. */
function wantedOf(
  scope: Pick<Scope, 'object' | 'name' | 'namespace'>,
  { username, password }: Credential,
): WantedDatabase {
  const { database } = scope.object.spec;
  return { database, username, password, owner: `${scope.namespace}/${scope.name}` };
}

function generationsOf(scope: Scope, { current, superseded, dropped }: ClaimCredentials): Generations<WantedDatabase> {
  return {
    current: wantedOf(scope, current),
    // A password that is lost cannot be set, and whoever has it logs in with it all the same.
    superseded: superseded.filter(({ password }) => password !== '').map((one) => wantedOf(scope, one)),
    dropped: dropped.map((one) => wantedOf(scope, one)),
  };
}

/** Of several claims for one name on one server the oldest has it. */
function nameOutcome(scope: Scope): Outcome<undefined> {
  const { provider, database } = scope.object.spec;
  if ((reservedDatabaseNames as readonly string[]).includes(database)) {
    return failed(Reason.InvalidSpec, `spec.database: "${database}" is the server's own; choose another name`);
  }
  return firstClaim(scope, {
    isRival: ({ spec }) => spec.provider === provider && spec.database === database,
    reason: Reason.DatabaseTaken,
    message: (older) =>
      `spec.database: the DatabaseClaim ${older} has the database "${database}" of MariaDB ${provider}; choose another name`,
  });
}

/** With the server itself gone, or going, there is nothing left to drop. */
async function removeDatabase(sql: SqlAdmin, scope: Scope, signal: AbortSignal): Promise<void> {
  const mariadb = scope.get(MariaDB, scope.object.spec.provider);
  const kept = keptCredentials(scope, { base: scope.object.spec.database });
  // A claim that never got as far as a password has made nothing.
  if (!mariadb || mariadb.metadata?.deletionTimestamp || kept.length === 0) return;
  const { login } = reachableServer(scope, mariadb);
  await dropAll(
    sql,
    login,
    kept.map((one) => wantedOf(scope, one)),
    signal,
  );
}
