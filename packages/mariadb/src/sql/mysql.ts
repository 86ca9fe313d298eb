// The adapter of the SqlAdmin seam: mysql2.
import { maskValues, scrub } from '@stackwright/core';
import { createConnection, type Connection } from 'mysql2';
import { guardedConnection } from './stream.js';
import { SqlError, type Row, type SqlAdmin, type SqlFailure, type Statement } from './admin.js';

/**
 * What a literal means depends on the server's settings, and on what it runs for each connection (init_connect): without
 * backslash escapes the end of a quoted value is another one, and with a character set like GBK a character may swallow a
 * backslash. Grants are read as the server quotes them. Every server takes this, whatever its settings.
 */
export const sessionSettings =
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', SESSION sql_quote_show_create = 1, NAMES utf8mb4";

/**
 * Ways to log in by which whoever answers in a server's place could read the password: it is encrypted for the key that comes with
 * the question. No MariaDB asks for them.
 */
const authPlugins = { sha256_password: refused, caching_sha2_password: refused };

function refused(): never {
  throw new Error('the server asks for the password in a way in which it could be read: it is no MariaDB');
}

/** Milliseconds until a server that does not answer counts as unreachable. */
const connectTimeout = 5_000;

export const mysql: SqlAdmin = {
  async run(login, statements, signal) {
    signal.throwIfAborted();
    const { host, port, username, password } = login;
    const connection = createConnection({
      ...{ host, port, user: username, password, connectTimeout, charset: 'utf8mb4', authPlugins },
      stream: guardedConnection(host, port),
    });
    // What breaks while nothing is asked is noticed at the next question; unheard, it would end the process.
    connection.on('error', () => undefined);
    const stop = new AbortController();
    try {
      // A connection that is destroyed leaves questions unanswered for ever, so the signal ends the waiting, too.
      return await Promise.race([talk(connection, password, statements), aborted(signal, stop.signal)]);
    } catch (error) {
      connection.destroy();
      throw error;
    } finally {
      stop.abort();
    }
  },
};

/** Rejects when `signal` is aborted; listens no longer once `unless` is. */
function aborted(signal: AbortSignal, unless: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const listener = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('Aborted'));
    signal.addEventListener('abort', listener, { once: true, signal: unless });
  });
}

async function talk(connection: Connection, password: string, statements: readonly Statement[]): Promise<Row[][]> {
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(sqlError(error, [password])) : resolve()));
  });
  await query(connection, { sql: sessionSettings, values: [] });
  const results: Row[][] = [];
  for (const statement of statements) results.push(await query(connection, statement));
  // A farewell; without it the server logs each of our visits as an aborted connection.
  connection.end();
  return results;
}

function query(connection: Connection, { sql, values, secrets = [] }: Statement): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    connection.query(sql, [...values], (error, rows) => {
      if (error) reject(sqlError(error, secrets));
      else resolve(Array.isArray(rows) ? (rows as Row[]) : []);
    });
  });
}

/** Errors of the server by number: https://mariadb.com/kb/en/mariadb-error-code-reference/ */
const failures: Readonly<Record<number, SqlFailure>> = {
  1044: 'PermissionDenied', // ER_DBACCESS_DENIED_ERROR
  1045: 'LoginDenied', // ER_ACCESS_DENIED_ERROR
  1053: 'Unreachable', // ER_SERVER_SHUTDOWN
  1142: 'PermissionDenied', // ER_TABLEACCESS_DENIED_ERROR
  1227: 'PermissionDenied', // ER_SPECIFIC_ACCESS_DENIED_ERROR
  1410: 'PermissionDenied', // ER_CANT_CREATE_USER_WITH_GRANT
  1698: 'LoginDenied', // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
};

interface MysqlError {
  code?: string;
  /** Of the server where positive, of the system (ECONNREFUSED) where negative. */
  errno?: number;
  message?: string;
}

/** Translates what mysql2 rejects with. The cause is left out: it carries the statement, and that may hold a password. */
export function sqlError(error: unknown, secrets: readonly string[]): SqlError {
  const { code, errno = 0, message = String(error) } = error as MysqlError;
  const known = failures[errno];
  // Only the server's own errors have a positive number; all others mean that there was no answer.
  const failure: SqlFailure = known ?? (errno >= 1000 ? 'Failed' : 'Unreachable');
  // The server quotes what it did not understand, as it was sent: escaped, and perhaps from the middle of a value on.
  const text = scrub(maskValues(message, secrets));
  return new SqlError(
    failure,
    errno >= 1000 ? `${code ?? 'error'} (${errno}): ${text}` : text || (code ?? 'no answer'),
  );
}
