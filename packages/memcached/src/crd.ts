import { Type } from '@sinclair/typebox';
import { defineServerKind, replicas, roles, workloadSpec } from '@stackwright/api';
import type { ObjectOf } from '@stackwright/kube';

export const Memcached = defineServerKind({
  kind: 'Memcached',
  provides: roles.cache,
  description: 'A group of memcached servers that CacheClaims name as their provider.',
  spec: Type.Object(
    {
      ...workloadSpec,
      replicas: replicas({ maximum: 128, description: 'Number of servers. Clients spread what they keep over them.' }),
      memory: Type.String({
        description: 'Memory for what is kept, of each server.',
        maxLength: 12,
        pattern: '^[1-9][0-9]*(Mi|Gi)$',
        default: '64Mi',
      }),
    },
    { default: {} },
  ),
});
export type Memcached = ObjectOf<typeof Memcached>;
