import { Type } from '@sinclair/typebox';
import {
  defineServerKind,
  externalServer,
  replicas,
  roles,
  serverConfig,
  serverStorage,
  workloadSpec,
} from '@stackwright/api';
import type { ObjectOf } from '@stackwright/kube';

export const MariaDB = defineServerKind({
  kind: 'MariaDB',
  volume: 'storage',
  provides: roles.database,
  description: 'A MariaDB server that DatabaseClaims name as their provider: one that is run here, or an external one.',
  spec: Type.Object({
    ...workloadSpec,
    replicas: replicas({ maximum: 1, description: 'Number of servers. Only 1 for now: there is no replication yet.' }),
    storage: serverStorage('the data'),
    config: serverConfig(
      'Options of `[mariadbd]` in my.cnf (`{ max_connections: 2000 }`)',
      'The server of the image is asked about them before.',
    ),
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
