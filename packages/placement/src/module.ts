import { stackwright } from '@stackwright/api';
import { moduleOfGraphs, type GraphModule } from '@stackwright/graph';
import { Placement } from './crd.js';
import { placementGraph } from './placement.js';

export const placement: GraphModule = moduleOfGraphs({
  name: 'placement',
  naming: stackwright,
  endsWithNamespace: true,
  customResources: [Placement],
  graphs: [placementGraph()],
});
