import { moduleOfGraphs, type ControllerModule } from '@stackwright/core';
import { Placement } from './crd.js';
import { placementGraph } from './placement.js';

export const placement: ControllerModule = moduleOfGraphs({
  name: 'placement',
  customResources: [Placement],
  graphs: [placementGraph()],
});
