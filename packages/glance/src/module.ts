import { stackwright } from '@stackwright/api';
import { moduleOfGraphs, type GraphModule } from '@stackwright/graph';
import { Glance } from './crd.js';
import { glanceGraph } from './glance.js';

export const glance: GraphModule = moduleOfGraphs({
  name: 'glance',
  naming: stackwright,
  endsWithNamespace: true,
  customResources: [Glance],
  graphs: [glanceGraph()],
});
