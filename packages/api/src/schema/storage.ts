// Volumes: of servers, and of services for data that no database holds.
import { Type, type Static } from '@sinclair/typebox';
import { StringEnum } from '@stackwright/kube';
import { immutable, objectName, storageSize } from './fields.js';

/** `size` is the default. */
const volumeFields = (size: string) => ({
  size: storageSize(
    'Size of the volume, at most 1Pi. It can grow where its StorageClass allows it, and never shrinks: a size that was too large ' +
      'for the class is taken back by one that is not below what the volume has.',
    size,
  ),
  className: Type.Optional(
    objectName("StorageClass of the volume. Absent: the cluster's default one.", immutable('the class of a volume')),
  ),
});

/** The volume of each server; `size` is the default. */
export const serverStorage = (holds: string, size = '10Gi') =>
  Type.Object(volumeFields(size), { description: `The volume that holds ${holds}, of each server.`, default: {} });

/** `isDefault`: there is one also where the object says nothing of it. */
export const storage = (description: string, size: string, { isDefault = true }: { isDefault?: boolean } = {}) =>
  Type.Object(
    {
      ...volumeFields(size),
      accessMode: StringEnum(['ReadWriteOnce', 'ReadWriteMany'], {
        description:
          'ReadWriteOnce: on one node at a time, which every StorageClass can. One Pod then, and with each rollout the API is ' +
          'away for the time that a Pod takes to stop and the next one to start. ReadWriteMany: on all nodes at once.',
        default: 'ReadWriteOnce',
        ...immutable('the access mode of a volume'),
      }),
    },
    { description, ...(isDefault ? { default: {} } : {}) },
  );

/** In the status of a kind that has one. */
export const storageStatus = Type.Optional(
  Type.String({
    description: 'Size that the volume has by now, the largest of several; "0" where there is none yet.',
    maxLength: 64,
  }),
);

/** A rule of the object: what a volume has, nobody can take away; what it was only asked for, anybody can. */
export function volumeRule(field: string) {
  const amount = (of: string) => `quantity(${of})`;
  const [wanted, before] = [`self.spec.${field}.size`, `oldSelf.spec.${field}.size`];
  const has = `has(self.status) && has(self.status.storage)`;
  return {
    rule:
      `${amount(wanted)}.compareTo(${amount(before)}) >= 0 || ` +
      `(${has} && ${amount(wanted)}.compareTo(${amount('self.status.storage')}) >= 0)`,
    message: `spec.${field}.size: a volume cannot shrink below what it has`,
  };
}

/** What all volumes have. */
export type VolumeSpec = Static<ReturnType<typeof serverStorage>>;
export type Storage = Static<ReturnType<typeof storage>>;

/** A rule of `spec` for services whose replicas share the volume of this field. */
export const replicasShare = (field: string) => ({
  rule: `self.replicas == 1 || self.${field}.accessMode == 'ReadWriteMany'`,
  message: `several replicas need a volume that is on several nodes at once: ${field}.accessMode ReadWriteMany`,
});
