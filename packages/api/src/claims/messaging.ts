import { Type } from '@sinclair/typebox';
import { defineCustomResource, type ObjectOf } from '@stackwright/kube';
import { category, groups, version } from '../names.js';
import { printerColumns, secretColumn } from '../schema/columns.js';
import { deletionPolicy, immutable, objectName } from '../schema/fields.js';
import { statusOf } from '../schema/status.js';
import { credentialSpec, credentialStatus } from './credentials.js';

export const MessagingClaim = defineCustomResource({
  group: groups.claims,
  version,
  kind: 'MessagingClaim',
  plural: 'messagingclaims',
  shortNames: ['mqclaim'],
  categories: [category],
  description:
    'Asks for a virtual host on a message broker and a user on it. When Ready, the Secret named in the status holds ' +
    'the connection: transport_url (as oslo.messaging reads it), hosts, vhost, username and password.',
  spec: Type.Object({
    provider: objectName('The RabbitMQ that shall hold the virtual host, in the same namespace.', {
      default: 'rabbitmq',
      ...immutable('the provider of a virtual host'),
    }),
    vhost: Type.String({
      description:
        'Name of the virtual host, and of the user on it. One claim per name and broker: a later claim is refused.',
      pattern: '^[a-z][a-z0-9_-]*$',
      minLength: 1,
      maxLength: 63,
      ...immutable('the name of a virtual host'),
    }),
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
    { name: 'Vhost', type: 'string', jsonPath: '.spec.vhost' },
    secretColumn,
  ),
});
export type MessagingClaim = ObjectOf<typeof MessagingClaim>;

/** Keys of the Secret that fulfils a MessagingClaim. `hosts` is "host:port" of each broker, separated by commas. */
export const messagingConnectionKeys = ['transport_url', 'hosts', 'vhost', 'username', 'password'] as const;
export type MessagingConnection = Record<(typeof messagingConnectionKeys)[number], string>;
