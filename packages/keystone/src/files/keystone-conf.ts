import {
  cacheSection,
  databaseSection,
  owned,
  proxySection,
  type Cache,
  type Database,
  type OsloConfig,
} from '@stackwright/openstack';

export const directory = '/etc/keystone';
/** The password of the database, where keystone-manage could not read it in the URL. */
export const databaseFile = 'database.cnf';
export const fernetKeyDirectory = '/etc/keystone/fernet-keys';
export const credentialKeyDirectory = '/etc/keystone/credential-keys';

/**
 * Keystone's own, and one more: it warns with each token that the directory of its keys is "world readable", which that of a
 * Secret's volume always is, in a container whose only user is keystone. The keys themselves are not.
 */
const logLevels = [
  'amqp=WARN',
  'amqplib=WARN',
  'boto=WARN',
  'dogpile.core.dogpile=INFO',
  'dogpile=INFO',
  'iso8601=WARN',
  'keystoneauth=WARN',
  'keystonemiddleware=WARN',
  'oslo.cache=INFO',
  'oslo.messaging=INFO',
  'oslo_messaging=INFO',
  'oslo_policy=INFO',
  'qpid=WARN',
  'requests.packages.urllib3.connectionpool=WARN',
  'requests.packages.urllib3.util.retry=WARN',
  'routes.middleware=WARN',
  'routes=INFO',
  'sqlalchemy=WARN',
  'stevedore=WARN',
  'suds=INFO',
  'taskflow=WARN',
  'urllib3.connectionpool=WARN',
  'urllib3.util.retry=WARN',
  'websocket=WARN',
  'keystone.common.fernet_utils=ERROR',
];

export function keystoneConf(given: { database: Database; cache: Cache; maxActiveKeys: number }): OsloConfig {
  return {
    database: databaseSection(given.database, { optionFile: `${directory}/${databaseFile}` }),
    fernet_tokens: {
      key_repository: owned(fernetKeyDirectory, 'the keys are kept in a Secret'),
      max_active_keys: owned(given.maxActiveKeys, 'set spec.fernet.maxActiveKeys instead'),
    },
    token: { provider: owned('fernet', 'the keys that are kept and rotated are of such tokens') },
    credential: {
      key_repository: owned(credentialKeyDirectory, 'the keys are kept in a Secret'),
      provider: owned('fernet', 'the keys that are kept and rotated are for such'),
    },
    cache: cacheSection(given.cache),
    // What bcrypt takes. A greater value, as the default is, changes nothing but for a warning at each login.
    identity: { max_password_length: 72 },
    DEFAULT: { default_log_levels: logLevels.join(',') },
    ...proxySection(),
  };
}
