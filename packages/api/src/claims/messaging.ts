import { Type } from '@sinclair/typebox';
import type { ObjectOf } from '@stackwright/kube';
import { deletionPolicy, immutable } from '../schema/fields.js';
import { consumerSpec, defineClaimKind, providerName, vhostClaimStatus } from './claim.js';
import { credentialSpec } from './credentials.js';

export const MessagingClaim = defineClaimKind({
  kind: 'MessagingClaim',
  shortNames: ['mqclaim'],
  description:
    'Asks for a virtual host on a message broker and a user on it. When Ready, the Secret named in the status holds ' +
    'the connection: transport_url (as oslo.messaging reads it), hosts, vhost, username and password.',
  spec: Type.Object({
    provider: providerName('RabbitMQ', 'that shall hold the virtual host', immutable('the provider of a virtual host')),
    vhost: Type.String({
      description:
        'Name of the virtual host, and of the user on it. One claim per name and broker: a later claim is refused.',
      pattern: '^[a-z][a-z0-9_-]*$',
      minLength: 1,
      maxLength: 63,
      ...immutable('the name of a virtual host'),
    }),
    ...credentialSpec,
    ...consumerSpec,
    deletionPolicy: deletionPolicy(),
  }),
  status: vhostClaimStatus,
  column: { name: 'Vhost', jsonPath: '.spec.vhost' },
});
export type MessagingClaim = ObjectOf<typeof MessagingClaim>;

/** Keys of the Secret that fulfils a MessagingClaim. `hosts` is "host:port" of each broker, separated by commas. */
export const messagingConnectionKeys = ['transport_url', 'hosts', 'vhost', 'username', 'password'] as const;
export type MessagingConnection = Record<(typeof messagingConnectionKeys)[number], string>;
