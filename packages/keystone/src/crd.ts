import { Type, type Static } from '@sinclair/typebox';
import {
  availableColumn,
  category,
  cronSchedule,
  endpointColumn,
  groups,
  immutable,
  keptSecrets,
  longestName,
  pausedColumn,
  printerColumns,
  publish,
  purge,
  releaseColumn,
  roles,
  serviceScale,
  serviceNameRule,
  serviceSpec,
  serviceStatus,
  statusOf,
  version,
} from '@stackwright/api';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';

const rotation = (schedule: string) =>
  Type.Object(
    {
      schedule: cronSchedule(
        'When: a schedule as CronJobs have it ("0 3 * * 0", "@weekly", "@every 12h"). One that was missed, however often, is made up for once.',
        schedule,
      ),
      timeZone: Type.Optional(
        Type.String({
          description: 'Of the schedule, by its IANA name ("Europe/Berlin"). Default: UTC.',
          minLength: 1,
          maxLength: 100,
        }),
      ),
      suspend: Type.Boolean({ description: 'true: rotated on request only.', default: false }),
      propagationSeconds: Type.Integer({
        description:
          'Seconds after which a changed Secret has reached every Pod for certain: what a kubelet needs at most to refresh its files. No two steps of a rotation follow each other faster.',
        minimum: 1,
        maximum: 86_400,
        default: 120,
      }),
    },
    { description: 'When keys are rotated. No Pod is restarted for it.', default: {} },
  );
export type KeyRotation = Static<ReturnType<typeof rotation>>;

const rotate = () =>
  Type.Optional(
    Type.String({
      description: 'Another value than before (a date, say) asks for a rotation as soon as one is possible.',
      minLength: 1,
      maxLength: 64,
    }),
  );

const time = (description: string) => Type.String({ description, format: 'date-time', maxLength: 64 });

const keyStatus = (description: string) =>
  Type.Optional(
    Type.Object(
      {
        primary: Type.Integer({ description: 'Number of the key that encrypts.' }),
        keys: Type.Integer({ description: 'How many keys there are, the staged one included.' }),
        lastRotation: time('Since when that key has been primary.'),
        nextRotation: Type.Optional(time('When the next one is to take its place.')),
      },
      { description },
    ),
  );

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
      description:
        'Region in which the catalog lists the endpoints. It cannot be changed: endpoints of the old one would stay, and what services have ' +
        'stored names it.',
      pattern: '^[A-Za-z0-9][-A-Za-z0-9_.]*$',
      maxLength: 255,
      default: 'RegionOne',
      ...immutable('the region'),
    }),
    fernet: Type.Object(
      {
        maxActiveKeys: Type.Integer({
          description:
            'How many keys are kept in any case, the staged and the primary one included. Beyond these, a retired key is kept until no token can be valid any more that it signed: however often keys are rotated, no token is lost.',
          minimum: 3,
          maximum: 100,
          default: 3,
        }),
        rotation: rotation('0 0 * * 0'),
        rotate: rotate(),
      },
      { description: 'Keys of the tokens.', default: {} },
    ),
    credential: Type.Object(
      { rotation: rotation('0 0 1 * *'), rotate: rotate() },
      {
        description:
          'Keys of the credentials that are stored (EC2, TOTP). After each rotation all are encrypted anew; until that has succeeded there is no other one.',
        default: {},
      },
    ),
    purge: purge('trusts'),
  }),
  status: statusOf({
    ...serviceStatus,
    kept: keptSecrets(),
    bootstrap: Type.Optional(
      Type.String({
        description:
          'Name of the Job that made its administrator last: another one means that its database is another one.',
        maxLength: 253,
      }),
    ),
    fernet: keyStatus('Keys of the tokens.'),
    credential: keyStatus('Keys of the credentials.'),
  }),
  printerColumns: printerColumns(availableColumn, releaseColumn, endpointColumn, pausedColumn),
  scale: serviceScale,
  rules: serviceNameRule(longestName({})),
});
export type Keystone = ObjectOf<typeof Keystone>;
