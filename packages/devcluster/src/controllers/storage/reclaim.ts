import { PersistentVolume, type ObjectKey } from '@stackwright/kube';
import { messageOf } from '../../shared/log.js';
import type { Stored } from '../../shared/objects.js';
import type { Context } from '../context.js';
import { Loop } from '../loop.js';
import { PROVISIONER, type HostPathProvisioner } from './provisioner.js';

/** What becomes of volumes whose claim is gone: kept or deleted, as their reclaim policy says. */
export function volumeController({ stores, clock, log, events }: Context, provisioner: HostPathProvisioner): Loop {
  const { volumes, claims } = stores;
  const recorder = events('persistentvolume-controller');
  const loop = new Loop({ name: 'volume', reconcile, clock, log });

  volumes.onChange(({ object }) => loop.add(object));
  claims.onChange(({ object, deleted }) => {
    const name = object.spec?.volumeName ?? `pvc-${object.metadata.uid}`;
    if (deleted && volumes.get({ name })) loop.add({ name });
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<void> {
    const volume = volumes.get(key);
    if (!volume || volume.metadata.deletionTimestamp) return;
    const reference = volume.spec?.claimRef;
    if (!reference?.uid) {
      if (volume.status?.phase !== 'Available') await writePhase(volume, 'Available');
      return;
    }
    const claim = claims.get({ namespace: reference.namespace ?? '', name: reference.name ?? '' });
    // The claim's own controller binds it.
    if (claim?.metadata.uid === reference.uid) return;
    if (volume.status?.phase !== 'Released' && volume.status?.phase !== 'Failed') return writePhase(volume, 'Released');
    const ours = volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] === PROVISIONER;
    if (volume.spec?.persistentVolumeReclaimPolicy !== 'Delete' || !ours) return;
    try {
      await provisioner.remove(volume);
    } catch (error) {
      recorder.record(PersistentVolume, volume, 'Warning', 'VolumeFailedDelete', messageOf(error));
      throw error;
    }
    await volumes.delete(volume);
  }

  async function writePhase(volume: Stored<PersistentVolume>, phase: string): Promise<void> {
    await volumes.updateStatus({ ...volume, status: { ...volume.status, phase } });
  }
}
