// A CacheClaim as a graph: the Secret that says where the servers are, once they are ready.
import { CacheClaim, isReady, type CacheConnection } from '@stackwright/api';
import { defineGraph, done, type Graph } from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import {
  claimStatus,
  connectionSecret,
  publishConnection,
  readyProvider,
  readyServer,
  valuesOf,
} from '@stackwright/openstack';
import { Memcached } from './crd.js';
import { serversOf } from './pod.js';

export const cacheClaimGraph: Graph<CacheClaim> = defineGraph(
  CacheClaim,
  (g) => {
    const provider = g.step({
      name: 'Provider',
      reads: [Memcached],
      run(scope) {
        const { provider } = scope.object.spec;
        if (isReady(scope.object)) return readyServer(scope, Memcached, provider, (memcached) => done({ memcached }));
        // Not fulfilled yet, or told of another provider.
        const ready = readyProvider(scope, Memcached, provider);
        return ready.state === 'Done' ? done({ memcached: ready.output, isReady: true }) : ready;
      },
    });

    g.step({
      name: 'Connection',
      after: [provider],
      owns: [Secret],
      run(scope) {
        const { memcached, isReady } = scope.output(provider);
        // Who has a cache does without a server that is away; but others are told of when they are there.
        const before = isReady ? undefined : scope.get(Secret, connectionSecret(scope.name));
        const known = before && valuesOf(before, ['servers']);
        const servers = known && 'values' in known ? known.values.servers : serversOf(memcached).join(',');
        return publishConnection(scope, { servers } satisfies CacheConnection);
      },
    });
  },
  { status: claimStatus },
);
