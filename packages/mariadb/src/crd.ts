import { Type } from '@sinclair/typebox';
import { defineServerKind, externalServer, replicas, roles, volumeSize, workloadSpec } from '@stackwright/api';
import type { ObjectOf } from '@stackwright/kube';

export const MariaDB = defineServerKind({
  kind: 'MariaDB',
  provides: roles.database,
  description: 'A MariaDB server that DatabaseClaims name as their provider: one that is run here, or an external one.',
  spec: Type.Object({
    ...workloadSpec,
    replicas: replicas({ maximum: 1, description: 'Number of servers. Only 1 for now: there is no replication yet.' }),
    storage: volumeSize('the data'),
    external: externalServer(
      'mariadb',
      'A server that runs elsewhere (MariaDB 10.5 or later).',
      'Secret with host, port, username and password of an administrator.',
    ),
  }),
});
export type MariaDB = ObjectOf<typeof MariaDB>;

/** Keys of the Secret of an external server. */
export const externalServerKeys = ['host', 'port', 'username', 'password'] as const;
