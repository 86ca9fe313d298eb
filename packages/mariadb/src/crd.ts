import { Type } from '@sinclair/typebox';
import {
  category,
  endpointColumn,
  groups,
  immutable,
  pausedColumn,
  printerColumns,
  publish,
  replicas,
  roles,
  secretReference,
  statusOf,
  storageSize,
  version,
  workloadSpec,
} from '@stackwright/api';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';

export const MariaDB = defineCustomResource({
  group: groups.of('mariadb'),
  version,
  kind: 'MariaDB',
  plural: 'mariadbs',
  categories: [category],
  ...publish({ service: 'mariadb', provides: roles.database }),
  description: 'A MariaDB server that DatabaseClaims name as their provider: one that is run here, or an external one.',
  spec: Type.Object({
    ...workloadSpec,
    replicas: replicas({ maximum: 1, description: 'Number of servers. Only 1 for now: there is no replication yet.' }),
    storage: storageSize(
      'Size of the volume that holds the data. It cannot be changed later.',
      '10Gi',
      immutable('the size of the volume'),
    ),
    external: Type.Optional(
      Type.Object(
        {
          secretRef: secretReference(
            'Secret with host, port, username and password of an administrator. It must carry the label ' +
              'stackwright.dev/usable-by=mariadb.',
          ),
        },
        {
          description:
            'A server that runs elsewhere (MariaDB 10.5 or later). Nothing is run here; all fields about running one are ignored.',
        },
      ),
    ),
  }),
  status: statusOf({
    endpoint: Type.Optional(Type.String({ description: 'host:port of the server.' })),
    version: Type.Optional(Type.String({ description: 'Version that the server says it has.' })),
  }),
  printerColumns: printerColumns(
    { name: 'Version', type: 'string', jsonPath: '.status.version' },
    endpointColumn,
    pausedColumn,
  ),
});
export type MariaDB = ObjectOf<typeof MariaDB>;

/** Keys of the Secret of an external server. */
export const externalServerKeys = ['host', 'port', 'username', 'password'] as const;
