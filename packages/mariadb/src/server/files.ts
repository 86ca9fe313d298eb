// What the server reads when it starts.
import { readFileSync } from 'node:fs';

export const paths = {
  /** The volume. */
  volume: '/var/lib/mysql',
  /** Below the volume's root: there file systems keep things of their own, which the server would take for databases. */
  data: '/var/lib/mysql/data',
  run: '/run/mysqld',
  socket: '/run/mysqld/mysqld.sock',
  config: '/etc/mysql-cfg',
} as const;

export const port = 3306;

export const myCnf = `[mariadbd]
datadir = ${paths.data}
socket = ${paths.socket}
pid-file = ${paths.run}/mysqld.pid
bind-address = 0.0.0.0
port = ${port}
skip-name-resolve
character-set-server = utf8mb4
max_connections = 1024
innodb_buffer_pool_size = 256M
innodb_log_file_size = 64M
`;

/** Runs at each start, before the first connection: the server's root password is the Secret's, whatever it was before. */
export function initSql(rootPassword: string): string {
  const password = literal(rootPassword);
  return [
    `CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY ${password};`,
    `ALTER USER 'root'@'%' IDENTIFIED BY ${password};`,
    "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;",
    "DELETE FROM mysql.global_priv WHERE User = '';",
    'FLUSH PRIVILEGES;',
    '',
  ].join('\n');
}

/** A string in SQL, on one line as an init file wants its statements. */
function literal(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\0', '\\0');
  return `'${escaped}'`;
}

/** Fills an empty volume, and does nothing on another one. */
export const installCommand: string[] = [
  ...['sh', '-c', readFileSync(new URL('./install.sh', import.meta.url), 'utf8'), 'install'],
  ...[paths.volume, paths.data],
];
