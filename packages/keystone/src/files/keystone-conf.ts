import type { Cache, Database, OsloConfig } from '@stackwright/openstack';

export const fernetKeyDirectory = '/etc/keystone/fernet-keys';
export const credentialKeyDirectory = '/etc/keystone/credential-keys';

export function keystoneConf(given: { database: Database; cache: Cache; maxActiveKeys: number }): OsloConfig {
  return {
    database: { connection: given.database.url, max_pool_size: 5 },
    fernet_tokens: { key_repository: fernetKeyDirectory, max_active_keys: given.maxActiveKeys },
    credential: { key_repository: credentialKeyDirectory },
    cache: {
      enabled: true,
      // Takes a memcached that restarts or is away for a missing entry; with dogpile.cache.pymemcache every connection that
      // memcached closed costs a request a 500.
      backend: 'oslo_cache.memcache_pool',
      // Seconds until a server that did not answer is asked again (default 300).
      memcache_dead_retry: 10,
      memcache_servers: given.cache.servers.join(','),
    },
    // What bcrypt takes. A greater value, as the default is, changes nothing but for a warning at each login.
    identity: { max_password_length: 72 },
    // Behind an ingress, URLs in answers are those that the user asked for.
    oslo_middleware: { enable_proxy_headers_parsing: true },
  };
}

/** Options that `spec.config` must not change, and why. */
export const reserved = {
  'keystone.conf': {
    database: { connection: 'it comes from the database claim' },
    fernet_tokens: {
      key_repository: 'the keys are kept in a Secret',
      max_active_keys: 'set spec.fernet.maxActiveKeys instead',
    },
    credential: { key_repository: 'the keys are kept in a Secret' },
    cache: { memcache_servers: 'they come from the cache claim' },
  },
} as const;
