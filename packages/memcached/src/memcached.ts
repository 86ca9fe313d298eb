// A Memcached as a graph: one StatefulSet, and ready when its Pods are.
import { CacheClaim } from '@stackwright/api';
import { defineGraph, type Graph } from '@stackwright/graph';
import { serverStep } from '@stackwright/openstack';
import { catalog } from './catalog.js';
import { Memcached } from './crd.js';
import { clientService, port, serversOf, serverPod } from './pod.js';

export const memcachedGraph: Graph<Memcached> = defineGraph(
  Memcached,
  (g) => {
    serverStep(g, {
      user: catalog.user,
      ports: { memcache: port },
      clientService,
      volumes: false,
      pod: ({ object }) => serverPod(object.spec),
      network: { claims: CacheClaim, clients: ['memcache'] },
    });
  },
  {
    volumes: false,
    status: (scope) => (scope.output({ name: 'Server' }) ? { endpoint: serversOf(scope.object).join(',') } : {}),
  },
);
