import { CacheClaim } from '@stackwright/api';
import { moduleOfGraphs, type ControllerModule } from '@stackwright/core';
import { cacheClaimGraph } from './cache-claim.js';
import { Memcached } from './crd.js';
import { memcachedGraph } from './memcached.js';

export const memcached: ControllerModule = moduleOfGraphs({
  name: 'memcached',
  customResources: [Memcached, CacheClaim],
  graphs: [memcachedGraph, cacheClaimGraph],
});
