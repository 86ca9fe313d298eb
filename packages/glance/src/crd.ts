import { Type } from '@sinclair/typebox';
import {
  defineServiceKind,
  purge,
  replicasShare,
  roles,
  serviceSpec,
  serving,
  storage,
  type Serving,
} from '@stackwright/api';
import type { ObjectOf } from '@stackwright/kube';

/**
 * An image takes as long as its client's line: each has a thread meanwhile, which costs little, and is not to be given up. A Pod
 * that has none stops at once; on a volume for one node the next one waits for it.
 */
export const transfers: Partial<Serving> = {
  threads: 32,
  requestTimeoutSeconds: 0,
  terminationGracePeriodSeconds: 60,
};

export const Glance = defineServiceKind({
  kind: 'Glance',
  description: 'The image service.',
  volume: 'storage',
  requires: [roles.identity, roles.database, roles.cache],
  spec: Type.Object(
    {
      ...serviceSpec,
      api: Type.Optional(serving(transfers)),
      storage: storage('The volume of the images, and of what is on its way to become one.', '10Gi'),
      notifications: Type.Boolean({
        description: 'Whether it tells others of its images by messages; it then needs a message broker.',
        default: false,
      }),
      purge: Type.Object(
        {
          ...purge('images').properties,
          idsOlderThanDays: Type.Optional(
            Type.Integer({
              description:
                'For how many days the ids of deleted images are kept, no less than olderThanDays. Absent: for ever, since ' +
                'another image could be given an id that is forgotten, and be taken for the one that was deleted (OSSN-0075).',
              minimum: 1,
              maximum: 36_500,
            }),
          ),
        },
        {
          description: 'Drops what the database still holds of images that were deleted long ago.',
          default: {},
          'x-kubernetes-validations': [
            {
              rule: '!has(self.idsOlderThanDays) || self.idsOlderThanDays >= self.olderThanDays',
              message:
                'ids cannot be forgotten before all else of an image is: idsOlderThanDays is less than olderThanDays',
            },
          ],
        },
      ),
    },
    { 'x-kubernetes-validations': [replicasShare('storage')] },
  ),
});
export type Glance = ObjectOf<typeof Glance>;
