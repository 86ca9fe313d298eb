import { MessagingClaim } from '@stackwright/api';
import { moduleOfGraphs, type ControllerModule } from '@stackwright/core';
import { http } from '@stackwright/openstack';
import { rabbitmqGraph } from './broker/rabbitmq.js';
import { messagingClaimGraph } from './claim/messaging-claim.js';
import { RabbitMQ } from './crd.js';

export const rabbitmq: ControllerModule = moduleOfGraphs({
  name: 'rabbitmq',
  customResources: [RabbitMQ, MessagingClaim],
  graphs: [rabbitmqGraph(http), messagingClaimGraph(http)],
});
