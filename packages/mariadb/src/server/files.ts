// What the server reads when it starts.
import { readFileSync } from 'node:fs';
import type { Resources, ServerConfig } from '@stackwright/api';
import { mergeServerConfig, owned, type ServerOption } from '@stackwright/openstack';
import { parseQuantity } from '@stackwright/kube';

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

export const defaultResources = { requests: { cpu: '100m', memory: '512Mi' } } satisfies Resources;

/** Connections at once, where `spec.config` says nothing: those of a dozen services. Claims may ask for more. */
export const leastConnections = 1024;

/** Seconds after which the server closes a connection that nobody uses. Clients' pools renew theirs sooner. */
const waitTimeout = 3600;

const collations = ['utf8mb3', 'ucs2', 'utf8mb4', 'utf16', 'utf32'].map((set) => `${set}=${set}_uca1400_ai_ci`);

const place = 'it is where the Pod has it';
const login = 'nobody else may log in';
const data = 'the volume holds data that was written otherwise';
const collation = 'tables that exist have it, and columns of two collations cannot refer to each other';

function ownOptions(maxConnections: number, resources?: Resources): Record<string, ServerOption> {
  return {
    datadir: owned(paths.data, place),
    socket: owned(paths.socket, place),
    pid_file: owned(`${paths.run}/mysqld.pid`, place),
    // Both families, where the Pod has both.
    bind_address: owned('*', place),
    port: owned(port, place),
    skip_networking: owned(undefined, place),
    tmpdir: owned(undefined, place),
    plugin_dir: owned(undefined, place),
    // Parts of the data, which would be in a directory of one Pod's life, or be looked for where they are not.
    innodb_data_home_dir: owned(undefined, place),
    innodb_data_file_path: owned(undefined, place),
    innodb_log_group_home_dir: owned(undefined, place),
    innodb_undo_directory: owned(undefined, place),
    aria_log_dir_path: owned(undefined, place),
    // A server with an empty volume, to which options are shown first, takes any of these.
    innodb_page_size: owned(undefined, data),
    lower_case_table_names: owned(undefined, data),
    user: owned(undefined, place),
    chroot: owned(undefined, place),
    init_file: owned(undefined, 'it holds the password of root'),
    skip_grant_tables: owned(undefined, login),
    skip_name_resolve: owned(true, 'users are known by no host names'),
    // What the server would choose by itself today, so that another version chooses the same.
    character_set_server: owned('utf8mb4', collation),
    collation_server: owned('utf8mb4_uca1400_ai_ci', collation),
    character_set_collations: owned(collations.join(','), collation),
    // ON ends transactions with error 1020 where others have committed meanwhile, which the services take for a fault.
    innodb_snapshot_isolation: owned('OFF', 'services fail with error 1020 where it is ON'),
    max_connections: maxConnections,
    wait_timeout: waitTimeout,
    innodb_buffer_pool_size: bufferPool(resources),
    innodb_log_file_size: '64M',
  };
}

/** Bytes that the Pod may use, or without a limit those that it has requested. */
export const memoryOf = ({ requests, limits }: Resources = {}): number =>
  parseQuantity(limits?.memory ?? requests?.memory ?? defaultResources.requests.memory);

/** Bytes: half of the memory. The rest is for connections. */
function bufferPool(resources: Resources | undefined): number {
  const least = 64 * mebibyte;
  return Math.max(Math.floor(memoryOf(resources) / 2 / mebibyte) * mebibyte, least);
}

const mebibyte = 2 ** 20;

/** "--Max-Connections" is "max_connections"; an option of several ways to write it is the same option. */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('-', '_')
    .replace(/^loose_/, '');

/** Ways to say the same of an option, or of several. */
const prefixes = /^(skip|disable|enable|maximum|autoset|session|global)_/;

function refuses(ours: readonly string[]): (name: string) => string | undefined {
  return (name) => {
    const bare = name.replace(prefixes, '');
    const meant = ours.find((one) => one === bare || `skip_${one}` === name || one.replace(prefixes, '') === bare);
    if (meant !== undefined) return `it is another way to write ${meant}`;
    // The server takes the beginning of a name for the whole.
    const whole = ours.find((one) => one.startsWith(bare) && one !== bare);
    if (whole !== undefined) return `it is the beginning of ${whole}; write names in full`;
    if (
      /^(include|includedir|defaults_|no_defaults|print_defaults|help|version|verbose$|bootstrap|wsrep_|plugin_load)/.test(
        bare,
      )
    )
      return 'it is no setting of a server that runs here';
    return undefined;
  };
}

interface Wishes {
  resources?: Resources | undefined;
  config?: ServerConfig | undefined;
}

/** Options of `[mariadbd]`, those of the user among them. `maxConnections`: where the user sets none. Throws a ConfigError. */
export function serverOptions(
  { resources, config }: Wishes,
  maxConnections: number = leastConnections,
): Record<string, string> {
  const ours = ownOptions(maxConnections, resources);
  return mergeServerConfig(ours, config, { plain, refuses: refuses(Object.keys(ours)) });
}

export function myCnf(options: Readonly<Record<string, string>>): string {
  // An older server of an image of somebody's does without.
  const name = (option: string) =>
    /^(innodb_snapshot_isolation|character_set_collations)$/.test(option) ? `loose_${option}` : option;
  return [
    '[mariadbd]',
    ...Object.entries(options).map(([option, value]) => `${name(option)} = ${quoted(value)}`),
    '',
  ].join('\n');
}

/** `#` begins a comment, and blanks at the ends are dropped. */
const quoted = (value: string): string =>
  /^[-A-Za-z0-9_./:,=*+%]*$/.test(value) ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** Runs at each start, before the first connection: the server's root password is the Secret's, whatever it was before. */
export function initSql(rootPassword: string): string {
  const password = literal(rootPassword);
  return [
    // The literal means the same then, whatever mode the configuration asks for. (A line more is a new start of the server.)
    ...(/[^\w]/.test(rootPassword) ? ["SET SESSION sql_mode = '';"] : []),
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

/** Shows options to the server of the image. */
export const configCheckProgram = readFileSync(new URL('./config-check.sh', import.meta.url), 'utf8');

/** Brings the system tables of an older server to this one's form; refuses data of a newer one. */
export const upgradeCommand: string[] = [
  ...['sh', '-c', readFileSync(new URL('./upgrade.sh', import.meta.url), 'utf8'), 'upgrade'],
  ...[paths.data, `${paths.config}/my.cnf`, paths.socket],
];
