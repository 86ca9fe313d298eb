// glance-api.conf: where images are, and what its claims gave.
import {
  authtokenSection,
  databaseSection,
  mergeConfigs,
  messagingSections,
  owned,
  proxySection,
  type Cache,
  type Database,
  type Identity,
  type Messaging,
  type OsloConfig,
} from '@stackwright/openstack';

/** The volume. */
export const directory = '/var/lib/glance';

/** An image is known to be in a store by the store's name: it never changes. */
const store = 'fs';

export interface Given {
  database: Database;
  cache: Cache;
  identity: Identity;
  /** Where others are told of images; nobody is without. */
  messaging: Messaging | undefined;
}

export function glanceApiConf({ database, cache, identity, messaging }: Given): OsloConfig {
  return mergeConfigs(
    {
      // A user adds stores here ("fs:file,s3:s3"), and says which one new images go to.
      DEFAULT: { enabled_backends: `${store}:file` },
      glance_store: { default_backend: store },
      [store]: place('images'),
      // What is uploaded or fetched first and imported then. All replicas must see it.
      os_glance_staging_store: place('staging'),
      os_glance_tasks_store: place('tasks'),
      database: databaseSection(database),
      keystone_authtoken: authtokenSection(identity, cache),
      paste_deploy: {
        flavor: owned('keystone', 'anything else would let everybody in'),
        config_file: owned(undefined, 'another one may let everybody in'),
      },
    },
    proxySection(),
    messaging ? messagingSections(messaging, { notifications: true }) : {},
  );
}

const kept = 'images are kept on the volume, see spec.storage';

function place(below: string) {
  return {
    filesystem_store_datadir: owned(`${directory}/${below}`, kept),
    filesystem_store_datadirs: owned(undefined, kept),
  };
}
