import { Type } from '@sinclair/typebox';
import { defineServiceKind, replicasShare, roles, serviceSpec, storage } from '@stackwright/api';
import type { ObjectOf } from '@stackwright/kube';

export const Glance = defineServiceKind({
  kind: 'Glance',
  description: 'The image service.',
  requires: [roles.identity, roles.database, roles.cache],
  spec: Type.Object(
    {
      ...serviceSpec,
      storage: storage('The volume of the images, and of what is on its way to become one.', '10Gi'),
      notifications: Type.Boolean({
        description: 'Whether it tells others of its images by messages; it then needs a message broker.',
        default: false,
      }),
    },
    { 'x-kubernetes-validations': [replicasShare('storage')] },
  ),
});
export type Glance = ObjectOf<typeof Glance>;
