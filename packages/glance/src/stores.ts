// Where images are: a directory of the volume. A user may add stores, and say which one new images go to.
import { owned, type OsloConfig } from '@stackwright/openstack';

/** The volume. */
export const directory = '/var/lib/glance';

/** Images that are in a store are known by its name: it never changes. */
const name = 'fs';

const why = 'images are kept on the volume, see spec.storage';
const place = (below: string) => ({ filesystem_store_datadir: owned(`${directory}/${below}`, why) });

/** Not owned: `enabled_backends` ("fs:file,s3:s3"), to which a user adds stores, and `default_backend`. */
export function storeSections(): OsloConfig {
  return {
    DEFAULT: { enabled_backends: `${name}:file` },
    glance_store: { default_backend: name },
    [name]: place('images'),
    // What is uploaded or fetched first and imported then. All replicas must see it.
    os_glance_staging_store: place('staging'),
    os_glance_tasks_store: place('tasks'),
  };
}
