import { moduleOfGraphs, type GraphModule } from '@stackwright/graph';
import { Placement } from './crd.js';
import { placementGraph } from './placement.js';

export const placement: GraphModule = moduleOfGraphs({
  name: 'placement',
  customResources: [Placement],
  graphs: [placementGraph()],
});
