// A volume of a service's own, for data that no database holds.
import { Type, type Static } from '@sinclair/typebox';
import { StringEnum } from '@stackwright/kube';
import { immutable, objectName, storageSize } from './fields.js';

/** `size` is the default. */
export const storage = (description: string, size: string) =>
  Type.Object(
    {
      size: storageSize('Size of the volume. It can grow where its StorageClass allows it, and never shrinks.', size, {
        'x-kubernetes-validations': [
          { rule: 'quantity(self).compareTo(quantity(oldSelf)) >= 0', message: 'a volume cannot shrink' },
        ],
      }),
      className: Type.Optional(
        objectName(
          "StorageClass of the volume. Absent: the cluster's default one.",
          immutable('the class of a volume'),
        ),
      ),
      accessMode: StringEnum(['ReadWriteOnce', 'ReadWriteMany'], {
        description:
          'ReadWriteOnce: on one node at a time, which every StorageClass can. One Pod then, and with each rollout the API is ' +
          'away for the time that a Pod takes to stop and the next one to start. ReadWriteMany: on all nodes at once.',
        default: 'ReadWriteOnce',
        ...immutable('the access mode of a volume'),
      }),
    },
    { description, default: {} },
  );

export type Storage = Static<ReturnType<typeof storage>>;

/** A rule of `spec` for services whose replicas share the volume of this field. */
export const replicasShare = (field: string) => ({
  rule: `self.replicas == 1 || self.${field}.accessMode == 'ReadWriteMany'`,
  message: `several replicas need a volume that is on several nodes at once: ${field}.accessMode ReadWriteMany`,
});
