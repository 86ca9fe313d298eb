import { Type } from '@sinclair/typebox';
import {
  category,
  endpointColumn,
  groups,
  pausedColumn,
  printerColumns,
  publish,
  replicas,
  roles,
  statusOf,
  version,
  workloadSpec,
} from '@stackwright/api';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';

export const Memcached = defineCustomResource({
  group: groups.of('memcached'),
  version,
  kind: 'Memcached',
  plural: 'memcacheds',
  categories: [category],
  ...publish({ service: 'memcached', provides: roles.cache }),
  description: 'A group of memcached servers that CacheClaims name as their provider.',
  spec: Type.Object(
    {
      ...workloadSpec,
      replicas: replicas({ description: 'Number of servers. Clients spread what they keep over them.' }),
      memory: Type.String({
        description: 'Memory for what is kept, of each server.',
        pattern: '^[1-9][0-9]*(Mi|Gi)$',
        default: '64Mi',
      }),
    },
    { default: {} },
  ),
  status: statusOf({
    endpoint: Type.Optional(Type.String({ description: 'host:port of each server, separated by commas.' })),
  }),
  printerColumns: printerColumns(endpointColumn, pausedColumn),
});
export type Memcached = ObjectOf<typeof Memcached>;
