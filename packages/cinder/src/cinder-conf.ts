// cinder.conf: which backends there are, and what its claims gave.
import { createHash } from 'node:crypto';
import {
  authtokenSection,
  clientSection,
  databaseSection,
  literal,
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
import type { Backend } from './crd.js';

export const configDirectory = '/etc/cinder';
/** Of what dies with the Pod: locks, and images on their way to become volumes. */
export const stateDirectory = '/var/lib/cinder';
const mounts = `${stateDirectory}/mnt`;

export interface Given {
  database: Database;
  cache: Cache;
  identity: Identity;
  messaging: Messaging;
}

export function cinderConf({ database, cache, identity, messaging }: Given, backends: readonly Backend[]): OsloConfig {
  return mergeConfigs(
    {
      DEFAULT: {
        auth_strategy: owned('keystone', 'anything else would let everybody in'),
        state_path: owned(stateDirectory, 'what else could be written is read-only'),
        // By this the check of what users set knows which sections there are. What runs where is said to each Pod.
        enabled_backends: backends.map(({ name }) => name).join(','),
        glance_catalog_info: 'image:glance:internalURL',
        // Of another file, which may let everybody in.
        api_paste_config: owned(undefined, 'another one may let everybody in'),
      },
      database: databaseSection(database),
      keystone_authtoken: authtokenSection(identity, cache),
      // So that what takes longer than a user's token lives can be ended all the same.
      service_user: { ...clientSection(identity), send_service_user_token: true },
      // Locks that hold for all Pods, which a file of one of them would not.
      coordination: { backend_url: owned(literal(lockUrl(database)), 'it comes from the database claim') },
      // Its helper may do what the service itself may, and no more.
      cinder_sys_admin: unprivileged,
      privsep_osbrick: unprivileged,
      oslo_concurrency: { lock_path: owned(`${stateDirectory}/lock`, 'what else could be written is read-only') },
    },
    ...backends.map(backendSection),
    proxySection(),
    messagingSections(messaging),
  );
}

const unprivileged = { capabilities: owned('', 'nobody has any in its Pod') };

/** tooz knows the database by another scheme than SQLAlchemy. */
const lockUrl = ({ url }: Database): string => url.replace(/^mysql\+pymysql:/, 'mysql:');

function backendSection({ name, storage }: Backend): OsloConfig {
  if (!storage) return { [name]: { volume_backend_name: name } };
  const why = 'its volumes are files on the volume of the backend, see spec.backends';
  return {
    [name]: {
      volume_backend_name: name,
      // The driver for a directory: it mounts nothing where something is mounted already.
      volume_driver: owned('cinder.volume.drivers.nfs.NfsDriver', why),
      nfs_shares_config: owned(`${configDirectory}/${sharesFile(name)}`, why),
      nfs_mount_point_base: owned(mounts, why),
      nas_secure_file_permissions: owned(true, 'nobody is root in its Pod'),
      // "Secure" refuses snapshots; without it they are made as root, which here is the service's own user.
      nas_secure_file_operations: owned(false, 'snapshots are refused with it, and nobody is root in its Pod'),
      nfs_snapshot_support: true,
      nfs_qcow2_volumes: true,
    },
  };
}

export const sharesFile = (backend: string): string => `shares-${backend}`;

/** As the driver names it: nobody else does. */
export const shareOf = (backend: string): string => `${backend}:/volumes`;

/** Where the driver looks whether the share is mounted. */
export const mountPointOf = (backend: string): string =>
  `${mounts}/${createHash('md5').update(shareOf(backend)).digest('hex')}`;
