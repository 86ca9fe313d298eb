import { CacheClaim, stackwright } from '@stackwright/api';
import { moduleOfGraphs, type GraphModule } from '@stackwright/graph';
import { cacheClaimGraph } from './cache-claim.js';
import { Memcached } from './crd.js';
import { memcachedGraph } from './memcached.js';

export const memcached: GraphModule = moduleOfGraphs({
  name: 'memcached',
  naming: stackwright,
  endsWithNamespace: true,
  customResources: [Memcached, CacheClaim],
  graphs: [memcachedGraph, cacheClaimGraph],
});
