// A DatabaseClaim: a database with a user on it, and the Secret that says where it is.
import { DatabaseClaim, Reason, reservedDatabaseNames, type DatabaseConnection } from '@stackwright/api';
import { failed, type Graph, type Outcome, type StepScope } from '@stackwright/graph';
import { defineClaim, firstClaim, type ClaimCredentials, type Credential } from '@stackwright/openstack';
import { MariaDB } from '../crd.js';
import { serverOf, serverReads } from '../server/login.js';
import type { SqlAdmin } from '../sql/admin.js';
import {
  changesOfAll,
  describeChange,
  dropAll,
  observeAll,
  statementOf,
  type Generations,
  type WantedDatabase,
} from '../sql/databases.js';
import { explain } from '../sql/explain.js';

export function databaseClaimGraph(sql: SqlAdmin): Graph<DatabaseClaim> {
  return defineClaim(DatabaseClaim, {
    provider: MariaDB,
    reads: serverReads,
    server: serverOf,
    name: nameOutcome,
    // The first user has the name of its database, later ones with an ending.
    users: ({ spec }) => ({ user: { base: spec.database } }),
    step: 'Database',
    wanted: ({ claim, owner, users }) => generationsOf(claim.spec.database, owner, users.user),
    observe: ({ login }, wanted, signal) => observeAll(sql, login, wanted, signal),
    diff: changesOfAll,
    describe: describeChange,
    async apply({ login }, changes, _wanted, signal) {
      const statements = changes.map((one) => statementOf(one.wanted, one.change));
      await sql.run(login, statements, signal);
    },
    async remove({ claim, owner, kept, reach }, signal) {
      // A claim that never got as far as a password has made nothing.
      if (kept.length === 0) return;
      const users = kept.map((one) => wantedOf(claim.spec.database, owner, one));
      await dropAll(sql, reach().login, users, signal);
    },
    explain,
    connection({ claim, server: { address }, users }): DatabaseConnection {
      const { username, password } = users.user.current;
      return { ...address, port: String(address.port), database: claim.spec.database, username, password };
    },
  });
}

const wantedOf = (database: string, owner: string, { username, password }: Credential): WantedDatabase => ({
  database,
  username,
  password,
  owner,
});

function generationsOf(
  database: string,
  owner: string,
  { current, superseded, dropped }: ClaimCredentials,
): Generations<WantedDatabase> {
  const wanted = (one: Credential) => wantedOf(database, owner, one);
  return {
    current: wanted(current),
    // A password that is lost cannot be set, and whoever has it logs in with it all the same.
    superseded: superseded.filter(({ password }) => password !== '').map(wanted),
    dropped: dropped.map(wanted),
  };
}

/** Of several claims for one name on one server the oldest has it. */
function nameOutcome(scope: StepScope<DatabaseClaim>): Outcome<undefined> {
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
