// A database server in memory that understands exactly the statements of this package.
import { idComment, idIn } from '../sql/database-id.js';
import { SqlError, type Row, type SqlAdmin, type SqlLogin, type Statement } from '../sql/admin.js';

interface User {
  password: string;
  /** Patterns of databases on which it has all privileges. */
  grants: Set<string>;
}

export class FakeSqlServer implements SqlAdmin {
  readonly databases = new Map<string, { comment: string; tables: boolean; id?: string }>();
  readonly users = new Map<string, User>([['root', { password: 'rootpw', grants: new Set(['%']) }]]);
  /** What was asked for, without what only looks. */
  readonly writes: string[] = [];
  version = '11.8.6-MariaDB';
  maxConnections = 1024;
  /** Set: no connection succeeds. */
  down = false;
  /** Called before each statement that writes; throwing leaves it undone. */
  beforeWrite: (statement: Statement) => void = () => undefined;
  /** Hosts that were connected to. */
  readonly hosts = new Set<string>();

  async run(
    login: SqlLogin,
    statements: readonly Statement[],
    signal: AbortSignal,
  ): Promise<readonly (readonly Row[])[]> {
    signal.throwIfAborted();
    if (this.down) throw new SqlError('Unreachable', `connect ECONNREFUSED ${login.host}:${login.port}`);
    const user = this.users.get(login.username);
    if (user?.password !== login.password) {
      throw new SqlError('LoginDenied', `ER_ACCESS_DENIED_ERROR (1045): Access denied for user '${login.username}'`);
    }
    this.hosts.add(login.host);
    return statements.map((statement) => this.execute(login.username, statement));
  }

  private execute(as: string, statement: Statement): Row[] {
    const { sql, values } = statement;
    const [first = '', second = ''] = values;
    if (/^(CREATE|ALTER|GRANT|DROP|SET)/.test(sql)) {
      this.beforeWrite(statement);
      this.writes.push(sql);
    }
    const most = /^SET GLOBAL max_connections = (\d+)$/.exec(sql)?.[1];
    if (most !== undefined) {
      this.maxConnections = Math.min(Number(most), 100_000);
      return [];
    }
    switch (sql) {
      case 'SELECT @@GLOBAL.max_connections AS most':
        return [{ most: this.maxConnections }];
      case 'SELECT VERSION() AS version':
        return [{ version: this.version }];
      case 'SELECT SCHEMA_COMMENT AS comment FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?': {
        const database = this.databases.get(first);
        return database ? [{ comment: database.comment }] : [];
      }
      case 'SELECT TABLE_COMMENT AS comment FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?': {
        const id = this.databases.get(first)?.id;
        return id === undefined ? [] : [{ comment: idComment(id) }];
      }
      case 'ALTER TABLE ??.?? COMMENT = ?':
        this.databases.get(first)!.id = idIn(values[2] ?? '') ?? '';
        return [];
      case 'CREATE OR REPLACE TABLE ??.?? (id INT NOT NULL PRIMARY KEY) COMMENT = ?':
        this.databases.get(first)!.id = idIn(values[2] ?? '') ?? '';
        return [];
      case 'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME <> ? LIMIT 1':
        return this.databases.get(first)?.tables ? [{ name: 'user' }] : [];
      case "SELECT User AS name FROM mysql.user WHERE User = ? AND Host = '%'":
        return this.users.has(first) ? [{ name: first }] : [];
      case 'SHOW GRANTS':
        return [
          { grant: `GRANT USAGE ON *.* TO \`${as}\`@\`%\`` },
          ...[...(this.users.get(as)?.grants ?? [])].map((pattern) => ({
            grant: `GRANT ALL PRIVILEGES ON \`${pattern}\`.* TO \`${as}\`@\`%\``,
          })),
        ];
      case 'CREATE DATABASE ?? CHARACTER SET utf8mb4 COMMENT ?':
        if (this.databases.has(first)) throw new SqlError('Failed', 'ER_DB_CREATE_EXISTS (1007): database exists');
        this.databases.set(first, { comment: second, tables: false });
        return [];
      case 'ALTER DATABASE ?? COMMENT ?':
        this.databases.get(first)!.comment = second;
        return [];
      case "CREATE USER ?@'%' IDENTIFIED BY ?":
        if (this.users.has(first)) throw new SqlError('Failed', 'ER_CANNOT_USER (1396): Operation CREATE USER failed');
        this.users.set(first, { password: second, grants: new Set() });
        return [];
      case "ALTER USER ?@'%' IDENTIFIED BY ?":
        this.users.get(first)!.password = second;
        return [];
      case "GRANT ALL PRIVILEGES ON ??.* TO ?@'%'":
        this.users.get(second)!.grants.add(first);
        return [];
      case "DROP USER IF EXISTS ?@'%'":
        this.users.delete(first);
        return [];
      case 'DROP DATABASE IF EXISTS ??':
        this.databases.delete(first);
        return [];
      default:
        throw new Error(`not understood: ${sql}`);
    }
  }
}
