// What the simulated MariaDB remembers, and the statements that it understands.
import { createHash } from 'node:crypto';
import { JsonFile } from '../shared-state.js';

interface Contents {
  /** Of tables nothing is known but their comments. */
  databases: Record<string, { comment: string; tables?: Record<string, string> }>;
  /** By name; the host is always '%'. */
  users: Record<string, { hash: string; grants: string[] }>;
}

export interface Result {
  columns: readonly string[];
  rows: readonly Record<string, string>[];
}

export class SqlFailure extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const OK: Result = { columns: [], rows: [] };
const sha1 = (...parts: readonly (string | Buffer)[]): Buffer =>
  parts.reduce<ReturnType<typeof createHash>>((hash, part) => hash.update(part), createHash('sha1')).digest();
const hashOf = (password: string): string => sha1(sha1(password)).toString('hex');

export class SimulatedDatabase {
  readonly #file: JsonFile<Contents>;

  /** Without a file all is forgotten at the end. */
  constructor(file: string | undefined) {
    this.#file = new JsonFile(file, { databases: {}, users: {} });
  }

  get #contents(): Contents {
    return this.#file.value;
  }

  /** mysql_native_password: the client proves that it knows the password without sending it. */
  accepts(user: string, seed: readonly Buffer[], proof: Buffer): boolean {
    const known = this.#contents.users[user];
    if (!known || proof.length !== 20) return false;
    const hash = Buffer.from(known.hash, 'hex');
    const mask = sha1(...seed, hash);
    return sha1(Buffer.from(proof.map((byte, index) => byte ^ (mask[index] ?? 0)))).equals(hash);
  }

  /** Throws a SqlFailure with MariaDB's number. */
  execute(user: string, sql: string): Result {
    for (const [pattern, action] of this.#statements) {
      const match = pattern.exec(sql.trim().replace(/;$/, ''));
      if (match)
        return action(
          match.slice(1).map((part) => unquote(part)),
          user,
        );
    }
    // What is not about databases and users changes nothing that anyone here asks for later.
    return OK;
  }

  readonly #statements: readonly [RegExp, (values: string[], user: string) => Result][] = [
    [/^SELECT VERSION\(\) AS (\S+)$/i, ([column = 'version']) => one(column, '11.8.6-MariaDB-simulated')],
    [/^SELECT 1(?: AS (\S+))?$/i, ([column]) => one(column || '1', '1')],
    [
      /^SELECT SCHEMA_COMMENT AS (\S+) FROM information_schema\.SCHEMATA WHERE SCHEMA_NAME = (\S+)$/i,
      ([column = '', name = '']) => {
        const database = this.#contents.databases[name];
        return database ? one(column, database.comment) : { columns: [column], rows: [] };
      },
    ],
    [
      /^SELECT TABLE_COMMENT AS (\S+) FROM information_schema\.TABLES WHERE TABLE_SCHEMA = (\S+) AND TABLE_NAME = (\S+)$/i,
      ([column = '', name = '', table = '']) => {
        const comment = this.#contents.databases[name]?.tables?.[table];
        return comment === undefined ? { columns: [column], rows: [] } : one(column, comment);
      },
    ],
    [
      /^CREATE (?:OR REPLACE )?TABLE (\S+?)\.(\S+) \(.*\) COMMENT = ('.*')$/i,
      ([name = '', table = '', comment = '']) =>
        this.#change(() => ((this.#database(name).tables ??= {})[table] = comment)),
    ],
    [
      /^ALTER TABLE (\S+?)\.(\S+) COMMENT = ('.*')$/i,
      ([name = '', table = '', comment = '']) =>
        this.#change(() => ((this.#database(name).tables ??= {})[table] = comment)),
    ],
    [
      /^SELECT TABLE_NAME AS (\S+) FROM information_schema\.TABLES WHERE /i,
      ([column = '']) => ({ columns: [column], rows: [] }),
    ],
    [
      /^SELECT User AS (\S+) FROM mysql\.user WHERE User = (\S+)/i,
      ([column = '', name = '']) => (this.#contents.users[name] ? one(column, name) : { columns: [column], rows: [] }),
    ],
    [
      /^SHOW DATABASES/i,
      () => ({
        columns: ['Database'],
        rows: Object.keys(this.#contents.databases).map((name) => ({ Database: name })),
      }),
    ],
    [/^SHOW GRANTS$/i, (_values, user) => this.#showGrants(user)],
    [
      /^CREATE DATABASE (IF NOT EXISTS )?(\S+)(?:.*? COMMENT (?:= ?)?('.*'))?$/i,
      ([ifNotExists, name = '', comment = '']) => this.#createDatabase(name, comment, ifNotExists !== ''),
    ],
    [
      /^ALTER DATABASE (\S+) COMMENT (?:= ?)?('.*')$/i,
      ([name = '', comment = '']) => this.#change(() => (this.#database(name).comment = comment)),
    ],
    [
      /^DROP DATABASE (IF EXISTS )?(\S+)$/i,
      ([, name = '']) => this.#change(() => delete this.#contents.databases[name]),
    ],
    [
      /^CREATE USER (IF NOT EXISTS )?(\S+)@'%' IDENTIFIED BY ('.*')$/i,
      ([ifNotExists, name = '', password = '']) => this.#createUser(name, password, ifNotExists !== ''),
    ],
    [
      /^ALTER USER (?:IF EXISTS )?(\S+)@'%' IDENTIFIED BY ('.*')$/i,
      ([name = '', password = '']) => this.#change(() => (this.#user(name).hash = hashOf(password))),
    ],
    [/^GRANT ALL PRIVILEGES ON (\S+)\.\* TO (\S+)@'%'/i, ([pattern = '', name = '']) => this.#grant(pattern, name)],
    [/^DROP USER (IF EXISTS )?(\S+)@'%'$/i, ([, name = '']) => this.#change(() => delete this.#contents.users[name])],
  ];

  #createDatabase(name: string, comment: string, quietly: boolean): Result {
    if (this.#contents.databases[name] && quietly) return OK;
    if (this.#contents.databases[name]) throw new SqlFailure(1007, `Can't create database '${name}'; database exists`);
    return this.#change(() => (this.#contents.databases[name] = { comment }));
  }

  #createUser(name: string, password: string, quietly: boolean): Result {
    if (this.#contents.users[name] && quietly) return OK;
    if (this.#contents.users[name]) throw new SqlFailure(1396, `Operation CREATE USER failed for '${name}'@'%'`);
    return this.#change(() => (this.#contents.users[name] = { hash: hashOf(password), grants: [] }));
  }

  #grant(pattern: string, name: string): Result {
    return this.#change(() => {
      const user = this.#user(name);
      user.grants = [...new Set([...user.grants, pattern])];
    });
  }

  #showGrants(user: string): Result {
    const column = `Grants for ${user}@%`;
    const to = `TO \`${user}\`@\`%\``;
    const on = (pattern: string): string => (pattern === '*' ? '*' : `\`${pattern}\``);
    const grants =
      this.#contents.users[user]?.grants.map((pattern) => `GRANT ALL PRIVILEGES ON ${on(pattern)}.* ${to}`) ?? [];
    return { columns: [column], rows: [`GRANT USAGE ON *.* ${to}`, ...grants].map((grant) => ({ [column]: grant })) };
  }

  #database(name: string): Contents['databases'][string] {
    const database = this.#contents.databases[name];
    if (!database) throw new SqlFailure(1049, `Unknown database '${name}'`);
    return database;
  }

  #user(name: string): Contents['users'][string] {
    const user = this.#contents.users[name];
    if (!user) throw new SqlFailure(1396, `Operation failed for '${name}'@'%'`);
    return user;
  }

  /** What was answered with OK is on the disk. */
  #change(action: () => unknown): Result {
    action();
    this.#file.save();
    return OK;
  }
}

const one = (column: string, value: string): Result => ({ columns: [column], rows: [{ [column]: value }] });

/** The value of 'a string', `an identifier` or a bare word. */
function unquote(text: string | undefined): string {
  if (text === undefined) return '';
  const quoted = /^(['`])([\s\S]*)\1$/.exec(text);
  if (!quoted) return text;
  const [, quote = '', inner = ''] = quoted;
  if (quote === '`') return inner.replaceAll('``', '`');
  const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0', Z: '\x1a' };
  return inner.replace(/\\([\s\S])|''/g, (_match, char: string | undefined) =>
    char === undefined ? "'" : (escapes[char] ?? char),
  );
}
