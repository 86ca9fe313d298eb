// How large a volume is to be that may be there already: volumes grow, where their class lets them, and never shrink.
import { Reason, type VolumeSpec } from '@stackwright/api';
import type { StepWarning } from '@stackwright/graph';
import { compareQuantities, parseQuantity, type PersistentVolumeClaim } from '@stackwright/kube';

export interface VolumeRequest {
  /** `spec.resources.requests.storage` of its claim. */
  storage: string;
  /** What is wanted cannot be had, and is no reason for anything to wait. */
  warning?: StepWarning;
}

/**
 * The amount that its claim is to ask for. A wish that was too large can be taken back as far as Kubernetes lets anybody go back:
 * to anything above what the volume has by now.
 */
export function volumeRequest(
  claim: Readonly<PersistentVolumeClaim> | undefined,
  { size }: Pick<VolumeSpec, 'size'>,
): VolumeRequest {
  const had = claim?.spec?.resources?.requests?.['storage'];
  if (!claim || had === undefined) return { storage: size };
  // Nothing can be changed of a claim that has no volume yet, and Pods must not be kept from getting it one.
  if (claim.status?.phase === 'Pending' || compareQuantities(had, size) === 0) return { storage: had };
  const capacity = claim.status?.capacity?.['storage'] ?? had;
  const wanted = compareQuantities(size, capacity);
  if (wanted > 0) return { storage: size };
  const storage = compareQuantities(had, capacity) > 0 ? leastAbove(capacity) : had;
  if (wanted === 0) return { storage };
  const name = claim.metadata?.name ?? '';
  const message = `The volume of PersistentVolumeClaim ${name} has ${capacity} and cannot shrink to ${size}`;
  return { storage, warning: { reason: Reason.VolumeLarger, message } };
}

const leastAbove = (amount: string): string => String(Math.floor(parseQuantity(amount)) + 1);

/** What cannot be changed of a volume, in words, where it is not as it is wanted. */
export function differenceOf(
  { spec }: Readonly<PersistentVolumeClaim>,
  { className, accessMode = 'ReadWriteOnce' }: Omit<VolumeSpec, 'size'> & { accessMode?: string },
): string | undefined {
  const modes = spec?.accessModes ?? [];
  if (!modes.includes(accessMode)) return `its access mode is ${modes.join(', ')}, not ${accessMode}`;
  const { storageClassName = '' } = spec ?? {};
  if (className !== undefined && className !== storageClassName)
    return `its StorageClass is "${storageClassName}", not "${className}"`;
  return undefined;
}
