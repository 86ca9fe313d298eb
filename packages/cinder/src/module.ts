import { stackwright } from '@stackwright/api';
import { moduleOfGraphs, type GraphModule } from '@stackwright/graph';
import { Cinder } from './crd.js';
import { cinderGraph } from './cinder.js';

export const cinder: GraphModule = moduleOfGraphs({
  name: 'cinder',
  naming: stackwright,
  endsWithNamespace: true,
  customResources: [Cinder],
  graphs: [cinderGraph()],
});
