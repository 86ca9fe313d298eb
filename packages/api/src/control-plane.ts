import { Type, type SchemaOptions } from '@sinclair/typebox';
import { defineCustomResource, ListMap, ListSet, type ObjectOf } from '@stackwright/kube';
import { category, groups, version } from './names.js';
import { availableColumn, pausedColumn, printerColumns, releaseColumn } from './schema/columns.js';
import { deletionPolicy, keyLength, longestEndpoint, objectName, paused, release } from './schema/fields.js';
import { statusOf } from './schema/status.js';

/**
 * One service as a ControlPlane names it. Only these two fields are the coordinator's; all others go unread into the
 * `spec` of the service's object, whose own CRD validates them.
 */
const service = Type.Object(
  {
    managed: Type.Boolean({
      description: "Whether the coordinator writes the service's object. false: its team owns it; it is only observed.",
      default: true,
    }),
    release: Type.Optional(release("OpenStack release of this service, instead of the control plane's.")),
  },
  {
    description:
      "The service's own spec, as `kubectl explain <service>.spec` describes it (`kubectl explain glance.spec`); every field has a sane default.",
    maxProperties: 256,
    'x-kubernetes-preserve-unknown-fields': true,
  },
);

const serviceName = () =>
  Type.String({
    description: 'Name of a service.',
    minLength: 1,
    maxLength: 63,
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  });

const services = (options: SchemaOptions) =>
  Type.Record(Type.String(), service, { 'x-kubernetes-validations': [keyLength(63)], ...options });

export const ControlPlane = defineCustomResource({
  group: groups.core,
  version,
  kind: 'ControlPlane',
  plural: 'controlplanes',
  shortNames: ['cp'],
  categories: [category],
  description: 'An OpenStack control plane: which services, in which release. One per namespace.',
  spec: Type.Object({
    release: release('OpenStack release of all services that do not say their own.'),
    paused: Type.Optional(paused()),
    deletionPolicy: deletionPolicy(),
    infrastructure: Type.Optional(
      Type.Record(
        Type.String(),
        services({
          description: 'The service that plays the role; exactly one.',
          minProperties: 1,
          maxProperties: 1,
        }),
        {
          description:
            'What the services stand on, by role and then by the service that plays it: `database: { mariadb: { storage: { size: 20Gi } } }`.',
          maxProperties: 16,
          'x-kubernetes-validations': [keyLength(63)],
        },
      ),
    ),
    services: Type.Optional(
      services({ description: 'OpenStack services by name: `keystone: { replicas: 2 }`.', maxProperties: 64 }),
    ),
    removeServices: Type.Optional(
      ListSet(serviceName(), {
        description:
          'Services that are to be removed: the objects of those that are named here, and nowhere else any more, are deleted, with ' +
          'their data where their deletionPolicy is Delete. What is no longer named and not listed here runs on as it is.',
        maxItems: 64,
      }),
    ),
    adoptFrom: Type.Optional(
      objectName(
        'Name of another ControlPlane of the namespace, which this one takes the place of: what was made for that one becomes ' +
          "this one's, as it is. So a ControlPlane is renamed: make the new one, then delete the old one.",
      ),
    ),
  }),
  status: statusOf({
    services: Type.Optional(
      ListMap(
        Type.Object({
          name: Type.String({ description: 'Name of the service.', maxLength: 253 }),
          kind: Type.String({ description: 'Kind of its object.', maxLength: 63 }),
          managed: Type.Boolean({ description: 'Whether the coordinator writes its object.' }),
          ready: Type.Boolean({ description: 'Whether its object is Ready for what it was last told.' }),
          available: Type.Boolean({
            description: 'Whether it does its work now, whatever is wrong with what is wanted next.',
            default: false,
          }),
          release: Type.Optional(
            Type.String({ description: 'Release that was asked for, where the service has one.', maxLength: 253 }),
          ),
          endpoint: Type.Optional(
            Type.String({ description: 'URL that it publishes, or published last.', maxLength: longestEndpoint }),
          ),
        }),
        ['name'],
        { description: 'The services and how they are.', maxItems: 256 },
      ),
    ),
    release: Type.Optional(
      Type.String({
        description: 'Release that the services run; several, separated by commas, while they differ.',
        maxLength: 4096,
      }),
    ),
    readyServices: Type.Optional(
      Type.String({ description: 'How many services are Ready, of how many: "2/3".', maxLength: 64 }),
    ),
  }),
  printerColumns: printerColumns(
    availableColumn,
    releaseColumn,
    { name: 'Services', type: 'string', jsonPath: '.status.readyServices' },
    pausedColumn,
  ),
});
export type ControlPlane = ObjectOf<typeof ControlPlane>;
