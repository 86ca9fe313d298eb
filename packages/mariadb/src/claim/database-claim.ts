// A DatabaseClaim as a graph: a name nobody else has, a password, the database itself, and the Secret that says where it is.
import { DatabaseClaim, Reason, reservedDatabaseNames, type DatabaseConnection } from '@stackwright/api';
import { defineGraph, failed, type Graph, type Outcome, type StepScope } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import {
  claimStatus,
  firstClaim,
  keptPassword,
  ownConnection,
  readyProvider,
  Refused,
  valuesOf,
} from '@stackwright/openstack';
import { MariaDB } from '../crd.js';
import { reachableServer, serverOf, serverReads } from '../server/login.js';
import type { SqlAdmin } from '../sql/admin.js';
import {
  changesOf,
  describeChange,
  dropDatabase,
  observeDatabase,
  refusalOf,
  statementOf,
  type DatabaseChange,
  type ObservedDatabase,
  type WantedDatabase,
} from '../sql/databases.js';
import { explain } from '../sql/explain.js';

type Scope = StepScope<DatabaseClaim>;

const passwordSecret = ({ name }: Pick<Scope, 'name'>): string => `${name}-password`;

export function databaseClaimGraph(sql: SqlAdmin): Graph<DatabaseClaim> {
  return defineGraph(
    DatabaseClaim,
    (g) => {
      const name = g.step({ name: 'Name', reads: [DatabaseClaim], run: nameOutcome });

      const provider = g.step({
        name: 'Provider',
        reads: [MariaDB, ...serverReads],
        run(scope) {
          const mariadb = readyProvider(scope, MariaDB, scope.object.spec.provider);
          return mariadb.state === 'Done' ? serverOf(scope, mariadb.output) : mariadb;
        },
      });

      const password = g.step({
        name: 'Password',
        after: [name],
        owns: [Secret],
        run: (scope) => keptPassword(scope, passwordSecret(scope)),
      });

      const wanted = (scope: Scope): WantedDatabase => wantedOf(scope, scope.output(password).password);

      const database = g.external<ObservedDatabase, DatabaseChange, undefined>({
        name: 'Database',
        after: [name, provider, password],
        reads: [MariaDB, ...serverReads],
        async observe(scope, signal) {
          const observed = await observeDatabase(sql, scope.output(provider).login, wanted(scope), signal);
          const refusal = refusalOf(wanted(scope), observed);
          if (refusal) throw new Refused(refusal.reason, refusal.message);
          return observed;
        },
        diff: (scope, observed) => changesOf(wanted(scope), observed),
        describe: describeChange,
        async apply(scope, changes, signal) {
          const statements = changes.map((change) => statementOf(wanted(scope), change));
          await sql.run(scope.output(provider).login, statements, signal);
        },
        output: () => undefined,
        removeOn: 'DeletePolicy',
        remove: (scope, signal) => removeDatabase(sql, scope, signal),
        explain,
      });

      g.step({
        name: 'Connection',
        after: [provider, password, database],
        owns: [Secret],
        run(scope) {
          const { address } = scope.output(provider);
          const { database, username, password } = wanted(scope);
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
    },
    { status: claimStatus },
  );
}

/** The user has the name of its database. */
function wantedOf(scope: Pick<Scope, 'object' | 'name' | 'namespace'>, password: string): WantedDatabase {
  const { database } = scope.object.spec;
  return { database, username: database, password, owner: `${scope.namespace}/${scope.name}` };
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
  const secret = scope.get(Secret, passwordSecret(scope));
  const checked = secret && valuesOf(secret, ['password']);
  // A claim that never got as far as a password has made nothing.
  if (!mariadb || mariadb.metadata?.deletionTimestamp || !checked || 'missing' in checked) return;
  const { login } = reachableServer(scope, mariadb);
  await dropDatabase(sql, login, wantedOf(scope, checked.values.password), signal);
}
