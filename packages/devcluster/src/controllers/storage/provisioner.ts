import { chmod, mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@stackwright/kube';
import type { Stored } from '../../shared/objects.js';

export const PROVISIONER = 'stackwright.dev/hostpath';

export const defaultStorageClass: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'hostpath', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
  allowVolumeExpansion: true,
};

/** Volumes as directories under the devcluster's state. */
export class HostPathProvisioner {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The directory's name says whose it is, for people who look at the disk. */
  async create(claim: Stored<PersistentVolumeClaim>, volumeName: string): Promise<string> {
    const { namespace, name } = claim.metadata;
    const path = join(this.#directory, `${namespace}_${name}_${volumeName}`);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await mkdir(path, { recursive: true });
    // Any user of any container may own the data; users of the host do not get through the directory above.
    await chmod(path, 0o777);
    return path;
  }

  /** Deletes the data of a volume that this provisioner made; never anything outside its directory. */
  async remove(volume: PersistentVolume): Promise<void> {
    const path = volume.spec?.hostPath?.path;
    if (!path) return;
    const inside = relative(this.#directory, path);
    if (inside === '' || inside.startsWith('..') || inside.includes('/'))
      throw new Error(`${path} is not a volume of this cluster`);
    await rm(path, { recursive: true, force: true });
  }
}
