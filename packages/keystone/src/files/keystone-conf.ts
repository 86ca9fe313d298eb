import {
  cacheSection,
  databaseSection,
  owned,
  proxySection,
  type Cache,
  type Database,
  type OsloConfig,
} from '@stackwright/openstack';

export const fernetKeyDirectory = '/etc/keystone/fernet-keys';
export const credentialKeyDirectory = '/etc/keystone/credential-keys';

export function keystoneConf(given: { database: Database; cache: Cache; maxActiveKeys: number }): OsloConfig {
  return {
    database: databaseSection(given.database),
    fernet_tokens: {
      key_repository: owned(fernetKeyDirectory, 'the keys are kept in a Secret'),
      max_active_keys: owned(given.maxActiveKeys, 'set spec.fernet.maxActiveKeys instead'),
    },
    credential: { key_repository: owned(credentialKeyDirectory, 'the keys are kept in a Secret') },
    cache: cacheSection(given.cache),
    // What bcrypt takes. A greater value, as the default is, changes nothing but for a warning at each login.
    identity: { max_password_length: 72 },
    ...proxySection(),
  };
}
