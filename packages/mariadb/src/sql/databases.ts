// What a database claim means in SQL: what to look at, what to change, and whom a database belongs to.
import { DatabaseClaim, Reason } from '@stackwright/api';
import {
  claimMark,
  markedOwner,
  ownershipOf,
  refuseForeign,
  Refused,
  type OwnershipEvidence,
} from '@stackwright/openstack';
import type { SqlAdmin, SqlLogin, Statement } from './admin.js';
import { SqlError } from './admin.js';
import {
  carries,
  changeId,
  howToAccept,
  idIn,
  idTable,
  lookAtId,
  movedId,
  refuseLost,
  writeId,
  type Had,
} from './database-id.js';

/** A database with a user on it, as a claim wants it. */
export interface WantedDatabase {
  database: string;
  username: string;
  password: string;
  /** Says on the server whose database it is: the claim's namespace and name. */
  owner: string;
  /** What the claim has had; undefined: nothing yet. */
  had?: Had | undefined;
  /** Of one that has had nothing yet: whether somebody has said that the database of this id is its own. */
  accepts?: (id: string | undefined) => boolean;
  /** Its clients have been told of another server so far. */
  isMoved?: boolean;
}

export interface ObservedDatabase {
  /** Its comment, which holds the owner's mark; undefined when there is no such database. */
  comment: string | undefined;
  /** Undefined: it carries none. */
  id: string | undefined;
  /** Whether the database holds tables, besides that of its id. */
  tables: boolean;
  userExists: boolean;
  /** What the user may do on the database, once it has logged in with the wanted password. */
  login: 'all' | 'some' | 'refused';
}

/** The users of a claim's database: of each generation of its credentials one. */
export interface Generations<T> {
  current: T;
  /** Older ones, which work on. */
  superseded: readonly T[];
  /** Those that nobody uses any more. */
  dropped: readonly T[];
}

export type DatabaseChange =
  | 'CreateDatabase'
  | 'MarkDatabase'
  | 'IdentifyDatabase'
  | 'MoveDatabase'
  | 'CreateUser'
  | 'SetPassword'
  | 'Grant'
  | 'DropUser';

export interface UserChange {
  change: DatabaseChange;
  wanted: WantedDatabase;
}

/** In a GRANT the database's name is a pattern, in which `_` stands for any character. */
const grantPattern = (database: string): string => database.replaceAll('_', '\\_');

/** The comment, where there is a database of the name. */
export const lookAtDatabase = (database: string): Statement => ({
  sql: 'SELECT SCHEMA_COMMENT AS comment FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?',
  values: [database],
});

/** @throws SqlError */
export async function observeDatabase(
  sql: SqlAdmin,
  admin: SqlLogin,
  wanted: WantedDatabase,
  signal: AbortSignal,
): Promise<ObservedDatabase> {
  const [schemata, tables, ids, users] = await sql.run(
    admin,
    [
      lookAtDatabase(wanted.database),
      {
        sql: 'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME <> ? LIMIT 1',
        values: [wanted.database, idTable],
      },
      lookAtId(wanted.database),
      { sql: "SELECT User AS name FROM mysql.user WHERE User = ? AND Host = '%'", values: [wanted.username] },
    ],
    signal,
  );
  const schema = schemata?.[0];
  const userExists = users?.length !== 0;
  return {
    comment: schema && text(schema['comment']),
    id: idIn(text(ids?.[0]?.['comment'])),
    tables: tables?.length !== 0,
    userExists,
    login: userExists ? await tryLogin(sql, admin, wanted, signal) : 'refused',
  };
}

/** All generations. @throws SqlError; Refused where the claim's database is lost, or the claim must not have the one that is there */
export async function observeAll(
  sql: SqlAdmin,
  admin: SqlLogin,
  { current, superseded, dropped }: Generations<WantedDatabase>,
  signal: AbortSignal,
): Promise<Generations<ObservedDatabase>> {
  const observe = (one: WantedDatabase) => observeDatabase(sql, admin, one, signal);
  const observed = await observe(current);
  const { database, owner, had } = current;
  const found = { exists: observed.comment !== undefined, id: observed.id };
  refuseLost(had, found, { database, owner, server: `${admin.host}:${admin.port}` });
  refuseTaken(current, observed);
  return {
    current: observed,
    superseded: await Promise.all(superseded.map(observe)),
    dropped: await Promise.all(dropped.map(observe)),
  };
}

/** The only proof that a password is right is that the server takes it. */
async function tryLogin(
  sql: SqlAdmin,
  admin: SqlLogin,
  { database, username, password }: WantedDatabase,
  signal: AbortSignal,
): Promise<ObservedDatabase['login']> {
  try {
    const [grants] = await sql.run({ ...admin, username, password }, [{ sql: 'SHOW GRANTS', values: [] }], signal);
    const all = `GRANT ALL PRIVILEGES ON \`${grantPattern(database)}\`.* TO `;
    return grants?.some((row) => Object.values(row).some((grant) => text(grant).startsWith(all))) ? 'all' : 'some';
  } catch (error) {
    if (error instanceof SqlError && error.failure === 'LoginDenied') return 'refused';
    throw error;
  }
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A restored dump has lost the mark, and perhaps the user, but not the id. */
const databaseEvidence = (
  { had }: WantedDatabase,
  { comment, id, tables, login }: ObservedDatabase,
): OwnershipEvidence => ({
  mark: markedOwner(comment),
  isProven: login === 'all' || (had?.id !== undefined && carries(had.id, id)),
  isEmpty: !tables,
});

/**
 * Has its mark, and data, and it has no memory of it, nor the password: it may be of another cluster, where namespace and name are the
 * same.
 */
const isUnknown = ({ had, accepts }: WantedDatabase, { id, tables, login }: ObservedDatabase): boolean =>
  had === undefined && tables && login === 'refused' && accepts?.(id) !== true;

function ownsDatabase(wanted: WantedDatabase, observed: ObservedDatabase): boolean {
  if (observed.comment === undefined || isUnknown(wanted, observed)) return false;
  return ownershipOf(wanted.owner, databaseEvidence(wanted, observed)) === 'Owned';
}

/** MariaDB keeps no words about a user. */
const userEvidence = (wanted: WantedDatabase, observed: ObservedDatabase): OwnershipEvidence => ({
  mark: undefined,
  isProven: observed.login !== 'refused' || ownsDatabase(wanted, observed),
  isEmpty: false,
});

/** @throws Refused where the claim must not have the database, or the user */
export function refuseTaken(wanted: WantedDatabase, observed: ObservedDatabase): void {
  const { database, username, owner } = wanted;
  const claim = DatabaseClaim.kind;
  if (observed.comment !== undefined) {
    refuseForeign(owner, databaseEvidence(wanted, observed), {
      ...{ reason: Reason.DatabaseTaken, what: `Database "${database}"`, holds: 'holds tables', claim },
      remedy: { handOver: `ALTER DATABASE \`${database}\` COMMENT = '${claimMark(owner)}'` },
    });
  }
  if (markedOwner(observed.comment) === owner && isUnknown(wanted, observed)) {
    throw new Refused(
      Reason.DatabaseTaken,
      `Database "${database}" holds data of a ${claim} ${owner}, of which this one of the same name knows neither the id nor a ` +
        `password. It may be another cluster's. Choose another name; or, where it is this one's: ${howToAccept(owner, observed.id)}`,
    );
  }
  if (!observed.userExists) return;
  refuseForeign(owner, userEvidence(wanted, observed), {
    ...{ reason: Reason.UserTaken, what: `User '${username}'@'%'`, holds: 'exists on the server', claim },
    remedy: { otherwise: 'drop the user if nobody needs it' },
  });
}

/** What has to change, in the order in which it must happen. Resumable: each change alone leaves a state that leads on. */
export function changesOf(wanted: WantedDatabase, observed: ObservedDatabase): DatabaseChange[] {
  const changes: DatabaseChange[] = [];
  if (observed.comment === undefined) changes.push('CreateDatabase');
  else if (markedOwner(observed.comment) !== wanted.owner) changes.push('MarkDatabase');
  if (observed.id === undefined) changes.push('IdentifyDatabase');
  else if (wanted.isMoved && observed.id === wanted.had?.id) changes.push('MoveDatabase');
  if (!observed.userExists) changes.push('CreateUser');
  else if (observed.login === 'refused') changes.push('SetPassword');
  if (observed.login !== 'all') changes.push('Grant');
  return changes;
}

/** A user of an older generation is made again where it is gone, as the current one is: it may be in use. */
export function changesOfAll(
  wanted: Generations<WantedDatabase>,
  observed: Generations<ObservedDatabase>,
): readonly UserChange[] {
  const first = changesOf(wanted.current, observed.current).map((change) => ({ change, wanted: wanted.current }));
  const older = wanted.superseded.flatMap((one, index) => {
    const seen = observed.superseded[index];
    const changes = seen ? changesOf(one, seen).filter((change) => !change.endsWith('Database')) : [];
    return changes.map((change) => ({ change, wanted: one }));
  });
  const isOurs = ownsDatabase(wanted.current, observed.current);
  const gone = wanted.dropped
    .filter((_one, index) => isOurs && observed.dropped[index]?.userExists)
    .map((one) => ({ change: 'DropUser' as const, wanted: one }));
  return [...first, ...older, ...gone];
}

export function describeChange({ change, wanted: { username } }: UserChange): string {
  switch (change) {
    case 'CreateDatabase':
      return 'Create the database';
    case 'MarkDatabase':
      return "Mark the database as the claim's";
    case 'IdentifyDatabase':
      return 'Give the database an id';
    case 'MoveDatabase':
      return 'Note on the database that it has moved here: copies of it are out of date from now on';
    case 'CreateUser':
      return `Create the user ${username}`;
    case 'SetPassword':
      return `Set the password of the user ${username} to that of its Secret`;
    case 'Grant':
      return `Grant the user ${username} all privileges on the database`;
    case 'DropUser':
      return `Drop the user ${username}, whom nobody uses any more`;
  }
}

/** `newId`: for a database that has none. Without IF NOT EXISTS: whoever comes second to a name must fail, look again, and be refused. */
export function statementOf(wanted: WantedDatabase, change: DatabaseChange, newId: string): Statement {
  const { database, username, password, owner } = wanted;
  switch (change) {
    case 'CreateDatabase':
      return { sql: 'CREATE DATABASE ?? CHARACTER SET utf8mb4 COMMENT ?', values: [database, claimMark(owner)] };
    case 'MarkDatabase':
      return { sql: 'ALTER DATABASE ?? COMMENT ?', values: [database, claimMark(owner)] };
    case 'IdentifyDatabase':
      return writeId(database, newId);
    case 'MoveDatabase':
      return changeId(database, movedId(wanted.had?.id ?? newId));
    case 'CreateUser':
      return { sql: "CREATE USER ?@'%' IDENTIFIED BY ?", values: [username, password], secrets: [password] };
    case 'SetPassword':
      return { sql: "ALTER USER ?@'%' IDENTIFIED BY ?", values: [username, password], secrets: [password] };
    case 'Grant':
      return { sql: "GRANT ALL PRIVILEGES ON ??.* TO ?@'%'", values: [grantPattern(database), username] };
    case 'DropUser':
      return dropUser(username);
  }
}

const dropUser = (username: string): Statement => ({ sql: "DROP USER IF EXISTS ?@'%'", values: [username] });

/** Drops a database with the users of all generations. What belongs to others stays. Safe to repeat. */
export async function dropAll(
  sql: SqlAdmin,
  admin: SqlLogin,
  users: readonly WantedDatabase[],
  signal: AbortSignal,
): Promise<void> {
  // All but one while the database is there, whose mark says whose they are.
  const [last, ...others] = users;
  for (const wanted of others) {
    const observed = await observeDatabase(sql, admin, wanted, signal);
    if (ownsUser(wanted, observed)) {
      await sql.run(admin, [dropUser(wanted.username)], signal);
    }
  }
  if (last) await dropDatabase(sql, admin, last, signal);
}

/** Drops a database and its user, as far as they are the claim's. */
export async function dropDatabase(
  sql: SqlAdmin,
  admin: SqlLogin,
  wanted: WantedDatabase,
  signal: AbortSignal,
): Promise<void> {
  const observed = await observeDatabase(sql, admin, wanted, signal);
  const statements: Statement[] = [];
  // The user first: as long as the database is there, its mark says whose both are.
  if (ownsUser(wanted, observed)) statements.push(dropUser(wanted.username));
  if (ownsDatabase(wanted, observed) && !isAnother(wanted, observed)) {
    statements.push({ sql: 'DROP DATABASE IF EXISTS ??', values: [wanted.database] });
  }
  if (statements.length > 0) await sql.run(admin, statements, signal);
}

/** Not the one that the claim has had, whatever its mark says: of another cluster, where names are the same. */
const isAnother = ({ had }: WantedDatabase, { id }: ObservedDatabase): boolean =>
  had?.id !== undefined && id !== undefined && !carries(had.id, id);

/** Beside a database of somebody else, a user whom our password fits may be in use there. */
function ownsUser(wanted: WantedDatabase, observed: ObservedDatabase): boolean {
  const isTheirs = observed.comment !== undefined && (!ownsDatabase(wanted, observed) || isAnother(wanted, observed));
  if (!observed.userExists || isTheirs) return false;
  return ownershipOf(wanted.owner, userEvidence(wanted, observed)) === 'Owned';
}
