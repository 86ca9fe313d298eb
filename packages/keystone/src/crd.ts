import { Type } from '@sinclair/typebox';
import {
  category,
  endpointColumn,
  groups,
  pausedColumn,
  printerColumns,
  publish,
  releaseColumn,
  roles,
  serviceSpec,
  statusOf,
  version,
} from '@stackwright/api';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';

export const Keystone = defineCustomResource({
  group: groups.of('keystone'),
  version,
  kind: 'Keystone',
  plural: 'keystones',
  categories: [category],
  ...publish({ service: 'keystone', provides: roles.identity, requires: [roles.database, roles.cache] }),
  description: 'The identity service.',
  spec: Type.Object({
    ...serviceSpec,
    region: Type.String({
      description: 'Region in which the catalog lists the endpoints.',
      pattern: '^[A-Za-z0-9][-A-Za-z0-9_.]*$',
      maxLength: 255,
      default: 'RegionOne',
    }),
    fernet: Type.Object(
      {
        maxActiveKeys: Type.Integer({
          description:
            'How many keys are kept, the staged and the primary one included. A token is valid as long as its key is kept.',
          minimum: 3,
          maximum: 100,
          default: 3,
        }),
      },
      { description: 'Keys of the tokens.', default: {} },
    ),
  }),
  status: statusOf({
    endpoint: Type.Optional(Type.String({ description: 'URL of the API inside the cluster, once it answers.' })),
    release: Type.Optional(Type.String({ description: 'Release that runs.' })),
  }),
  printerColumns: printerColumns(releaseColumn, endpointColumn, pausedColumn),
});
export type Keystone = ObjectOf<typeof Keystone>;
