import { Type } from '@sinclair/typebox';
import type { ObjectOf } from '@stackwright/kube';
import { databaseName, deletionPolicy, immutable } from '../schema/fields.js';
import { consumerSpec, dataClaimStatus, defineClaimKind, providerName } from './claim.js';
import { credentialSpec } from './credentials.js';

export const DatabaseClaim = defineClaimKind({
  kind: 'DatabaseClaim',
  shortNames: ['dbclaim'],
  description:
    'Asks for a database and a user on it. When Ready, the Secret named in the status holds the connection: ' +
    'host, port, database, username and password.',
  spec: Type.Object({
    provider: providerName('MariaDB', 'that shall hold the database', immutable('the provider of a database')),
    database: databaseName(
      'Name of the database, and of the user who owns it; users of later credentials have it with an ending. One claim per ' +
        'name and server: a later claim is refused.',
      immutable('the name of a database'),
    ),
    ...credentialSpec,
    ...consumerSpec,
    deletionPolicy: deletionPolicy(),
  }),
  status: dataClaimStatus,
  column: { name: 'Database', jsonPath: '.spec.database' },
});
export type DatabaseClaim = ObjectOf<typeof DatabaseClaim>;

/** Keys of the Secret that fulfils a DatabaseClaim. Consumers read all of them and assume none. */
export const databaseConnectionKeys = ['host', 'port', 'database', 'username', 'password'] as const;
export type DatabaseConnection = Record<(typeof databaseConnectionKeys)[number], string>;
