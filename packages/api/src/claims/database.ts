import { Type } from '@sinclair/typebox';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';
import { category, groups, version } from '../names.js';
import { printerColumns, secretColumn } from '../schema/columns.js';
import { databaseName, deletionPolicy, immutable, objectName } from '../schema/fields.js';
import { statusOf } from '../schema/status.js';
import { credentialSpec, credentialStatus } from './credentials.js';

export const DatabaseClaim = defineCustomResource({
  group: groups.claims,
  version,
  kind: 'DatabaseClaim',
  plural: 'databaseclaims',
  shortNames: ['dbclaim'],
  categories: [category],
  description:
    'Asks for a database and a user on it. When Ready, the Secret named in the status holds the connection: ' +
    'host, port, database, username and password.',
  spec: Type.Object({
    provider: objectName('The MariaDB that shall hold the database, in the same namespace.', {
      default: 'mariadb',
      ...immutable('the provider of a database'),
    }),
    database: databaseName(
      'Name of the database, and of the user who owns it; users of later credentials have it with an ending. One claim per ' +
        'name and server: a later claim is refused.',
      immutable('the name of a database'),
    ),
    ...credentialSpec,
    deletionPolicy: deletionPolicy(),
  }),
  status: statusOf({
    secretName: Type.Optional(
      Type.String({ description: 'The Secret with the connection; it exists once the claim is Ready.' }),
    ),
    ...credentialStatus,
  }),
  printerColumns: printerColumns(
    { name: 'Provider', type: 'string', jsonPath: '.spec.provider' },
    { name: 'Database', type: 'string', jsonPath: '.spec.database' },
    secretColumn,
  ),
});
export type DatabaseClaim = ObjectOf<typeof DatabaseClaim>;

/** Keys of the Secret that fulfils a DatabaseClaim. Consumers read all of them and assume none. */
export const databaseConnectionKeys = ['host', 'port', 'database', 'username', 'password'] as const;
export type DatabaseConnection = Record<(typeof databaseConnectionKeys)[number], string>;
