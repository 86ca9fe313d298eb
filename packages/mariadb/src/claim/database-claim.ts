// A DatabaseClaim: a database with a user on it, and the Secret that says where it is.
import { DatabaseClaim, Reason, reservedDatabaseNames, type DatabaseConnection } from '@stackwright/api';
import { done, failed, type Graph, type Outcome, type StepScope } from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import {
  connectionSecret,
  defineClaim,
  firstClaim,
  isUserOf,
  lostCredentials,
  valuesOf,
  type ClaimCredentials,
  type Credential,
} from '@stackwright/openstack';
import { MariaDB } from '../crd.js';
import { serverInUse, serverReads, type Server } from '../server/login.js';
import type { SqlAdmin } from '../sql/admin.js';
import { hadBy, isAccepted, newDatabaseId } from '../sql/database-id.js';
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
    wanted: ({ claim, owner, server: { isMoved }, users, noted }) =>
      generationsOf({ ...databaseOf(claim, owner, noted), isMoved }, users.user),
    observe: ({ login }, wanted, signal) => observeAll(sql, login, wanted, signal),
    diff: changesOfAll,
    describe: describeChange,
    async apply({ login }, changes, _wanted, signal, { random }) {
      const newId = newDatabaseId(random);
      const statements = changes.map((one) => statementOf(one.wanted, one.change, newId));
      await sql.run(login, statements, signal);
    },
    async remove({ claim, owner, kept, reach, noted }, signal) {
      const database = databaseOf(claim, owner, noted);
      // And those whose Secret somebody has deleted.
      const ever = [...kept, ...lostCredentials(claim, claim.spec.database, kept)];
      const users = ever.map(({ username, password }) => ({ ...database, username, password }));
      // A claim that never got as far as a password has made nothing.
      if (users.length === 0) return;
      await dropAll(sql, reach().login, users, signal);
    },
    explain,
    // A claim that is made again, and finds what it had by its name, shall not take another one for it.
    notes: ({ current: { id } }) => (id === undefined ? {} : { [databaseIdNote]: id }),
    status: ({ status }, observed) => ({ databaseId: observed?.current.id ?? status?.databaseId }),
    connection({ claim, server: { address }, users }): DatabaseConnection {
      const { username, password } = users.user.current;
      return { ...address, port: String(address.port), database: claim.spec.database, username, password };
    },
  });
}

/** `isMoved`: it is another one than clients have been told of. */
function serverOf(scope: StepScope<DatabaseClaim>, mariadb: Readonly<MariaDB>): Outcome<Server & { isMoved: boolean }> {
  const server = serverInUse(scope, mariadb);
  if (server.state !== 'Done') return server;
  const { database } = scope.object.spec;
  // The administrator is nobody's user.
  if (isUserOf(database, server.output.login.username)) {
    const message = `spec.database: a user of "${database}" would have the administrator's name; choose another one`;
    return failed(Reason.InvalidSpec, message);
  }
  const secret = scope.get(Secret, connectionSecret(scope.name));
  const told = secret && valuesOf(secret, ['host', 'port']);
  const { host, port } = server.output.address;
  const isMoved = told !== undefined && 'values' in told && !isSame(told.values, { host, port: String(port) });
  return done({ ...server.output, isMoved });
}

const isSame = (one: { host: string; port: string }, other: { host: string; port: string }): boolean =>
  one.host === other.host && one.port === other.port;

/** On the Secret of the password: the id of the database that it is for. */
const databaseIdNote = 'stackwright.dev/database-id';

type Database = Omit<WantedDatabase, 'username' | 'password'>;

function databaseOf(
  claim: Readonly<DatabaseClaim>,
  owner: string,
  noted: (annotation: string) => string | undefined,
): Database {
  const had = hadBy(claim, claim.status?.databaseId === undefined ? noted(databaseIdNote) : undefined);
  return { database: claim.spec.database, owner, had, accepts: isAccepted(claim) };
}

function generationsOf(
  database: Database,
  { current, superseded, dropped }: ClaimCredentials,
): Generations<WantedDatabase> {
  const wanted = ({ username, password }: Credential) => ({ ...database, username, password });
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
