import { MessagingClaim, stackwright } from '@stackwright/api';
import { moduleOfGraphs, type GraphModule } from '@stackwright/graph';
import { http } from '@stackwright/openstack';
import { rabbitmqGraph } from './broker/rabbitmq.js';
import { messagingClaimGraph } from './claim/messaging-claim.js';
import { RabbitMQ } from './crd.js';

export const rabbitmq: GraphModule = moduleOfGraphs({
  name: 'rabbitmq',
  naming: stackwright,
  endsWithNamespace: true,
  customResources: [RabbitMQ, MessagingClaim],
  graphs: [rabbitmqGraph(http), messagingClaimGraph(http)],
});
