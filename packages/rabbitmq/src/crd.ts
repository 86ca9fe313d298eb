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

export const RabbitMQ = defineServerKind({
  kind: 'RabbitMQ',
  volume: 'storage',
  provides: roles.messaging,
  description:
    'A RabbitMQ broker that MessagingClaims name as their provider: one that is run here, or an external one.',
  spec: Type.Object({
    ...workloadSpec,
    replicas: replicas({
      maximum: 7,
      description:
        'Number of brokers, odd: as a cluster of 3 they go on when one is away, and so do quorum queues. It can grow; brokers leave ' +
        'a cluster by hand only, since they take their share of its data along.',
      'x-kubernetes-validations': [
        { rule: 'self % 2 == 1', message: 'a cluster has an odd number of brokers: half of them is no majority' },
        { rule: 'self >= oldSelf', message: 'a cluster of brokers cannot shrink' },
      ],
    }),
    storage: serverStorage('queues, users and virtual hosts'),
    config: serverConfig(
      'Keys of rabbitmq.conf (`{ heartbeat: 30 }`)',
      'The broker of the image is asked about them before.',
    ),
    external: externalServer(
      'rabbitmq',
      'A broker or cluster that runs elsewhere (RabbitMQ 3.13 or later, with its management plugin).',
      'Secret with management_url (https://rabbit.example.org:15671), hosts ("host:port" of each broker, separated by commas, ' +
        'as AMQP clients reach it), username and password of an administrator; and ca.crt where the certificate of the ' +
        'management API needs it.',
    ),
  }),
});
export type RabbitMQ = ObjectOf<typeof RabbitMQ>;

/** Keys of the Secret of an external broker; `ca.crt` is optional. */
export const externalBrokerKeys = ['management_url', 'hosts', 'username', 'password'] as const;
