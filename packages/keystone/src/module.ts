import { IdentityClaim } from '@stackwright/api';
import { moduleOfGraphs, type ControllerModule } from '@stackwright/core';
import { Keystone } from './crd.js';
import { keystoneGraph } from './keystone.js';

export const keystone: ControllerModule = moduleOfGraphs({
  name: 'keystone',
  // Nothing fulfils an IdentityClaim yet; services can be written against it.
  customResources: [Keystone, IdentityClaim],
  graphs: [keystoneGraph()],
});
