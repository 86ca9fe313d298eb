import type { PersistentVolume, StorageClass } from '@stackwright/kube';
import { PersistentVolumeClaim, type ObjectKey, matchesSelector } from '@stackwright/kube';
import type { PersistentVolumeSpec } from 'kubernetes-types/core/v1.d.ts';
import { messageOf } from '../../shared/log.js';
import { quantity } from '../../shared/quantity.js';
import { sameValue, type Stored } from '../../shared/objects.js';
import type { Context } from '../context.js';
import { Loop } from '../loop.js';
import { PROVISIONER, type HostPathProvisioner } from './provisioner.js';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';

/** Binds claims to volumes: to an existing one that fits, or to a new one of the class's provisioner. */
export function claimController({ stores, clock, log, events }: Context, provisioner: HostPathProvisioner): Loop {
  const { claims, volumes, storageClasses } = stores;
  const recorder = events('persistentvolume-controller');
  const loop = new Loop({ name: 'claim', reconcile, clock, log });

  claims.onChange(({ object }) => loop.add(object));
  volumes.onChange(({ object }) => {
    const bound = object.spec?.claimRef;
    if (bound?.name) loop.add({ namespace: bound.namespace ?? '', name: bound.name });
    else addPending();
  });
  storageClasses.onChange(addPending);
  return loop;

  function addPending(): void {
    for (const claim of claims.list()) if (claim.status?.phase !== 'Bound') loop.add(claim);
  }

  async function reconcile(key: ObjectKey): Promise<void> {
    const claim = claims.get(key);
    if (!claim || claim.metadata.deletionTimestamp) return;
    if (claim.spec?.volumeName) return follow(claim, claim.spec.volumeName);
    const classed = await withDefaultClass(claim);
    const volume = findVolume(classed) ?? (await provision(classed));
    if (volume) return bind(classed, volume);
    if (classed.status?.phase !== 'Pending') await writeStatus(classed, { phase: 'Pending' });
  }

  /** A claim that names its volume: makes both sides say so, and notices when the volume is gone. */
  async function follow(claim: Stored<PersistentVolumeClaim>, name: string): Promise<void> {
    const volume = volumes.get({ name });
    if (volume && (!volume.spec?.claimRef?.uid || volume.spec.claimRef.uid === claim.metadata.uid))
      return bind(claim, await grown(claim, volume));
    const wasBound = claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
    const phase = wasBound ? 'Lost' : 'Pending';
    if (claim.status?.phase === phase) return;
    if (wasBound)
      record(claim, 'Warning', 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
    await writeStatus(claim, { phase });
  }

  /** A directory has no size of its own: that the volume says so is all there is to its growth. */
  async function grown(
    claim: Stored<PersistentVolumeClaim>,
    volume: Stored<PersistentVolume>,
  ): Promise<Stored<PersistentVolume>> {
    const wanted = claim.spec?.resources?.requests?.['storage'];
    const had = volume.spec?.capacity?.['storage'];
    const ours = volume.metadata.annotations?.[PROVISIONED_BY] === PROVISIONER;
    if (!ours || wanted === undefined || quantity(wanted) <= quantity(had)) return volume;
    const { uid, resourceVersion } = volume.metadata;
    const spec = { capacity: { storage: wanted } };
    const larger = await volumes.patch(volume.metadata, { metadata: { uid, resourceVersion }, spec });
    record(claim, 'Normal', 'VolumeResizeSuccessful', `Resize volume ${volume.metadata.name} succeeded`);
    return larger;
  }

  async function withDefaultClass(claim: Stored<PersistentVolumeClaim>): Promise<Stored<PersistentVolumeClaim>> {
    if (claim.spec?.storageClassName !== undefined) return claim;
    const standard = storageClasses.list().find((it) => it.metadata.annotations?.[DEFAULT_CLASS] === 'true');
    if (!standard) return claim;
    return claims.patch(claim.metadata, {
      metadata: { uid: claim.metadata.uid },
      spec: { storageClassName: standard.metadata.name },
    });
  }

  /** The smallest volume that fits; one that names this claim comes first. */
  function findVolume(claim: Stored<PersistentVolumeClaim>): Stored<PersistentVolume> | undefined {
    const fitting = volumes.list().filter((volume) => fits(claim, volume));
    const size = (volume: PersistentVolume): number => quantity(volume.spec?.capacity?.['storage']);
    return fitting.find((volume) => volume.spec?.claimRef) ?? fitting.sort((a, b) => size(a) - size(b))[0];
  }

  async function provision(claim: Stored<PersistentVolumeClaim>): Promise<Stored<PersistentVolume> | undefined> {
    const className = claim.spec?.storageClassName ?? '';
    const storageClass = storageClasses.get({ name: className });
    if (!storageClass) {
      const message =
        className === ''
          ? 'no persistent volumes available for this claim and no storage class is set'
          : `storageclass.storage.k8s.io "${className}" not found`;
      record(
        claim,
        className === '' ? 'Normal' : 'Warning',
        className === '' ? 'FailedBinding' : 'ProvisioningFailed',
        message,
      );
      return undefined;
    }
    if (storageClass.provisioner !== PROVISIONER) return undefined;
    const name = `pvc-${claim.metadata.uid}`;
    const known = volumes.get({ name });
    if (known) return known;
    const path = await provisioner.create(claim, name);
    const volume = await volumes.create(newVolume(claim, storageClass, name, path)).catch((error: unknown) => {
      const message = `Failed to provision volume with StorageClass "${className}": ${messageOf(error)}`;
      record(claim, 'Warning', 'ProvisioningFailed', message);
      throw error;
    });
    record(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
    return volume;
  }

  /** First the volume, then the claim: whatever stops in between, the next pass finds the same pair. */
  async function bind(claim: Stored<PersistentVolumeClaim>, volume: Stored<PersistentVolume>): Promise<void> {
    const reference = volume.spec?.claimRef;
    let bound = volume;
    if (reference?.uid !== claim.metadata.uid) {
      const annotations = { [BOUND_BY_CONTROLLER]: 'yes' };
      const { uid, resourceVersion } = volume.metadata;
      bound = await volumes.patch(volume.metadata, {
        metadata: { uid, resourceVersion, annotations },
        spec: { claimRef: referenceTo(claim) },
      });
    }
    if (bound.status?.phase !== 'Bound') await volumes.updateStatus({ ...bound, status: { phase: 'Bound' } });
    let current = claim;
    const annotations = {
      [BIND_COMPLETED]: 'yes',
      [BOUND_BY_CONTROLLER]: 'yes',
      ...(bound.metadata.annotations?.[PROVISIONED_BY] ? { [STORAGE_PROVISIONER]: PROVISIONER } : {}),
    };
    const annotated = Object.entries(annotations).every(
      ([name, value]) => claim.metadata.annotations?.[name] === value,
    );
    if (claim.spec?.volumeName !== bound.metadata.name || !annotated) {
      current = await claims.patch(claim.metadata, {
        metadata: { uid: claim.metadata.uid, annotations },
        spec: { volumeName: bound.metadata.name },
      });
    }
    await writeStatus(current, {
      phase: 'Bound',
      accessModes: bound.spec?.accessModes ?? [],
      capacity: bound.spec?.capacity ?? {},
    });
  }

  async function writeStatus(
    claim: Stored<PersistentVolumeClaim>,
    status: NonNullable<PersistentVolumeClaim['status']>,
  ): Promise<void> {
    if (!sameValue(claim.status, status)) await claims.updateStatus({ ...claim, status });
  }

  function record(
    claim: Stored<PersistentVolumeClaim>,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    recorder.record(PersistentVolumeClaim, claim, type, reason, message);
  }
}

function fits(claim: Stored<PersistentVolumeClaim>, volume: Stored<PersistentVolume>): boolean {
  const reference = volume.spec?.claimRef;
  if (volume.metadata.deletionTimestamp || volume.status?.phase === 'Released' || volume.status?.phase === 'Failed')
    return false;
  if (reference) {
    const named = reference.namespace === claim.metadata.namespace && reference.name === claim.metadata.name;
    if (!named || (reference.uid && reference.uid !== claim.metadata.uid)) return false;
  }
  const modes = volume.spec?.accessModes ?? [];
  return (
    (volume.spec?.storageClassName ?? '') === (claim.spec?.storageClassName ?? '') &&
    (volume.spec?.volumeMode ?? 'Filesystem') === (claim.spec?.volumeMode ?? 'Filesystem') &&
    (claim.spec?.accessModes ?? []).every((mode) => modes.includes(mode)) &&
    quantity(volume.spec?.capacity?.['storage']) >= quantity(claim.spec?.resources?.requests?.['storage']) &&
    (claim.spec?.selector === undefined || matchesSelector(claim.spec.selector, volume.metadata.labels))
  );
}

function referenceTo(claim: Stored<PersistentVolumeClaim>): NonNullable<PersistentVolumeSpec['claimRef']> {
  const { namespace, name, uid } = claim.metadata;
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid };
}

function newVolume(
  claim: Stored<PersistentVolumeClaim>,
  storageClass: StorageClass,
  name: string,
  path: string,
): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [PROVISIONED_BY]: PROVISIONER } },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '1Gi' },
      accessModes: claim.spec?.accessModes ?? ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata?.name ?? '',
      volumeMode: 'Filesystem',
      claimRef: referenceTo(claim),
      hostPath: { path, type: 'DirectoryOrCreate' },
    },
  };
}
