// Sections that services have in common, from what their claims gave. What comes of a claim cannot be overridden: another
// value would name another place than the one that was asked for.
import type { Cache, Database, Identity, Messaging } from '../service/builder.js';
import { poolOf } from '../service/connections.js';
import { literal, owned, type OsloConfig, type OsloValue } from './oslo-config.js';

const sealed = 'values are sealed in one client for memcached, and in no other';

/** Seconds until a memcached that did not answer is asked again; five minutes, as the default is, would be felt. */
const deadRetry = 10;

/** Seconds after which a connection is renewed: sooner than a server (an hour, as ours is) or what lies between cuts it. */
const recycleTime = 280;

export type OsloSection = Readonly<Record<string, OsloValue>>;

/** Options that are not set, and that nobody may: each would take what others say, which is ours, from somewhere else. */
function closed(why: string, ...options: readonly string[]): OsloSection {
  return Object.fromEntries(options.map((option) => [option, owned(undefined, why)]));
}

/** oslo.db's options, in whichever section the service has them: `database`, `placement_database`, `api_database`. */
export function databaseSection(
  { url, pool = poolOf() }: Database,
  { optionFile }: DatabaseSectionOptions = {},
): OsloSection {
  const connection = optionFile !== undefined && isEscaped(url) ? withoutPassword(url, optionFile) : url;
  return {
    connection: owned(literal(connection), 'it comes from the database claim'),
    // oslo.db would let each process open 55. What these make in all is said in the claim.
    max_pool_size: pool.size,
    max_overflow: pool.overflow,
    connection_recycle_time: recycleTime,
    ...closed(
      'the database is that of the claim, for reading, too',
      'slave_connection',
      'asyncio_connection',
      'asyncio_slave_connection',
      // They are appended to the URL, where they count more than what is in it.
      'connection_parameters',
    ),
  };
}

export interface DatabaseSectionOptions {
  /**
   * Where the service mounts what `databaseOptionFile` gives. For one that hands the URL to a parser to which "%" means something
   * (keystone-manage to alembic's): with a password that has to be escaped in a URL, the password is in this file instead.
   */
  optionFile?: string;
}

/** A MariaDB option file with the password; undefined where the URL holds it. */
export function databaseOptionFile({ url, password }: Database): string | undefined {
  // PyMySQL takes one pair of quotes off, and knows no escapes.
  return isEscaped(url) ? `[client]\npassword = "${password}"\n` : undefined;
}

const isEscaped = (url: string): boolean => url.includes('%');

const withoutPassword = (url: string, optionFile: string): string =>
  `${url.replace(/:[^:@/]*@/, '@')}?read_default_file=${optionFile}`;

/** oslo.cache's options: `[cache]`. */
export function cacheSection({ servers }: Cache): OsloSection {
  return {
    enabled: true,
    // Takes a memcached that restarts or is away for a missing entry; with dogpile.cache.pymemcache every connection that
    // memcached closed costs a request a 500.
    backend: owned('oslo_cache.memcache_pool', sealed),
    // By another client, which runs what a memcached says is a pickle.
    ...closed(sealed, 'memcache_sasl_enabled'),
    memcache_servers: owned(servers.join(','), 'they come from the cache claim'),
    ...closed('the servers come from the cache claim', 'backend_argument'),
    memcache_dead_retry: deadRetry,
  };
}

/** keystoneauth's options: as whom, and where, another service is called. For `[keystone_authtoken]` see below. */
export function clientSection(identity: Identity): OsloSection {
  return { ...loginOptions(identity), valid_interfaces: 'internal' };
}

/** `[keystone_authtoken]`: how tokens of callers are checked, and where that is remembered. */
export function authtokenSection(identity: Identity, cache: Cache): OsloSection {
  return {
    ...loginOptions(identity),
    // Told to callers without a token. The middleware wants it said, though it is where tokens are checked, too.
    www_authenticate_uri: identity.authUrl,
    interface: 'internal',
    // Without it a token of just anybody counts as one of a service, and lets an expired token of a user pass.
    service_token_roles_required: true,
    memcached_servers: owned(cache.servers.join(','), 'they come from the cache claim'),
    // A cache of the web server's, which there is none of.
    ...closed('tokens are kept where the cache claim says', 'cache'),
    ...closed('it would let everybody in', 'delay_auth_decision'),
    // What is in the cache is believed: who can write to memcached must not be able to make a token, nor who can read
    // it to see one. The service's Pods share the key, and nobody else has it.
    memcache_security_strategy: owned('ENCRYPT', 'who can write to memcached could make a token'),
    memcache_secret_key: owned(literal(identity.password), 'it comes from the identity claim'),
    memcache_pool_dead_retry: deadRetry,
    ...closed(sealed, 'memcache_sasl_enabled'),
  };
}

export interface MessagingSectionOptions {
  /** Whether notifications are sent, too. Somebody has to read them: in a queue that nobody reads they pile up. */
  notifications?: boolean;
  /**
   * Whether the process has the same host name after it was replaced, as an agent of a node has. Then its reply and
   * fanout queues keep their names, too, and a restart takes them up again instead of leaving them to expire. (Names
   * are counted in /dev/shm, under a lock in `[oslo_concurrency] lock_path`.) Default false, as Pods of a Deployment are.
   */
  stableHostname?: boolean;
}

/** How oslo.messaging uses the broker: `[DEFAULT] transport_url` and `[oslo_messaging_*]`. */
export function messagingSections(
  { transportUrl }: Messaging,
  { notifications = false, stableHostname = false }: MessagingSectionOptions = {},
): OsloConfig {
  const queues = 'queues that exist would not fit it; the broker is made for quorum queues';
  return {
    DEFAULT: { transport_url: owned(literal(transportUrl), 'it comes from the messaging claim') },
    oslo_messaging_rabbit: {
      // Replicated and durable; mirrored queues do not exist in RabbitMQ 4. With it oslo.messaging makes exchanges
      // durable as well, so that amqp_durable_queues has nothing to say.
      rabbit_quorum_queue: owned(true, queues),
      // Reply and fanout queues, too: else they are neither durable nor exclusive, which RabbitMQ 4 calls deprecated and
      // will refuse, and they die with their node while callers wait. Unused, they expire (rabbit_transient_queues_ttl).
      rabbit_transient_quorum_queue: owned(true, queues),
      // Not rabbit_stream_fanout: a consumer that comes back is given the stream's last chunk once more, and casts are
      // made to be received at most once. It pays where thousands of agents listen.
      use_queue_manager: stableHostname,
    },
    ...(notifications ? { oslo_messaging_notifications: { driver: 'messagingv2' } } : {}),
  };
}

/** Behind an ingress or a gateway, URLs in answers are those that the user asked for. */
export function proxySection(): OsloConfig {
  return { oslo_middleware: { enable_proxy_headers_parsing: true } };
}

function loginOptions(identity: Identity): OsloSection {
  const why = 'it comes from the identity claim';
  return {
    auth_type: owned('password', why),
    auth_url: owned(literal(identity.authUrl), why),
    username: owned(literal(identity.username), why),
    password: owned(literal(identity.password), why),
    project_name: owned(literal(identity.projectName), why),
    user_domain_name: owned(literal(identity.userDomainName), why),
    project_domain_name: owned(literal(identity.projectDomainName), why),
    region_name: owned(literal(identity.regionName), why),
    cafile: owned(identity.caFile, why),
    ...closed(
      'the login is that of the identity claim',
      // Another section altogether.
      'auth_section',
      // Others that count before or beside those above: the plugin's own list is asked, too, where options are checked.
      'auth_plugin',
      'default_domain_id',
      'default_domain_name',
      'domain_id',
      'domain_name',
      'passcode',
      'project_domain_id',
      'project_id',
      'system_scope',
      'tenant_id',
      'tenant_name',
      'trust_id',
      'user_domain_id',
      'user_id',
      'user_name',
    ),
  };
}

/** What no file of ours can have: it would take the place of what stands there, or take the log from where it is looked for. */
export function closedSection(): OsloConfig {
  return {
    DEFAULT: {
      ...closed('it would be read over what is checked and owned here', 'config_file', 'config_dir', 'config_source'),
      ...closed(
        "the log goes to the container's output, where `kubectl logs` finds it",
        'log_file',
        'log_dir',
        'logfile',
        'logdir',
        'use_syslog',
        'use_journal',
        'use_eventlog',
      ),
    },
  };
}
