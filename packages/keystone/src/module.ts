import { IdentityClaim, stackwright } from '@stackwright/api';
import { moduleOfGraphs, type GraphModule } from '@stackwright/graph';
import { identityClaimGraph } from './claim/identity-claim.js';
import { Keystone } from './crd.js';
import { keystoneGraph } from './keystone.js';
import { registerMetrics } from './metrics.js';

export const keystone: GraphModule = moduleOfGraphs({
  name: 'keystone',
  naming: stackwright,
  endsWithNamespace: true,
  customResources: [Keystone, IdentityClaim],
  graphs: [keystoneGraph(), identityClaimGraph()],
  setup: ({ metrics, cache, clock }) => registerMetrics(metrics, cache, clock),
});
