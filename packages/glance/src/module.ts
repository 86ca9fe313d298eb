import { moduleOfGraphs, type ControllerModule } from '@stackwright/core';
import { Glance } from './crd.js';
import { glanceGraph } from './glance.js';

export const glance: ControllerModule = moduleOfGraphs({
  name: 'glance',
  customResources: [Glance],
  graphs: [glanceGraph()],
});
