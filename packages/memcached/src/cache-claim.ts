// A CacheClaim as a graph: the Secret that says where the servers are, once they are ready.
import { CacheClaim, type CacheConnection } from '@stackwright/api';
import { defineGraph, type Graph } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import { claimStatus, ownConnection, readyProvider } from '@stackwright/openstack';
import { Memcached } from './crd.js';
import { serversOf } from './pod.js';

export const cacheClaimGraph: Graph<CacheClaim> = defineGraph(
  CacheClaim,
  (g) => {
    const provider = g.step({
      name: 'Provider',
      reads: [Memcached],
      run: (scope) => readyProvider(scope, Memcached, scope.object.spec.provider),
    });

    g.step({
      name: 'Connection',
      after: [provider],
      owns: [Secret],
      run(scope) {
        const servers = serversOf(scope.output(provider)).join(',');
        return ownConnection(scope, { servers } satisfies CacheConnection);
      },
    });
  },
  { status: claimStatus },
);
