// A Memcached as a graph: one StatefulSet, and ready when its Pods are.
import { defineGraph, done, Label, rolloutOf, type Graph } from '@stackwright/core';
import { Pod, Service, StatefulSet } from '@stackwright/kube';
import { Memcached } from './crd.js';
import { serversOf, service, statefulSet } from './stateful-set.js';

export const memcachedGraph: Graph<Memcached> = defineGraph(
  Memcached,
  (g) => {
    g.step({
      name: 'Server',
      owns: [Service, StatefulSet],
      reads: [{ resource: Pod, parts: true }],
      run(scope) {
        const { name, object } = scope;
        const labels = { ...scope.labels, [Label.component]: 'server' };
        scope.own(Service, service(name, labels));
        const set = scope.own(StatefulSet, statefulSet(name, labels, object.spec));
        const rollout = rolloutOf(scope, StatefulSet, name, set);
        return rollout.state === 'Done' ? done(serversOf(object)) : rollout;
      },
    });
  },
  {
    status: (scope) => ({ endpoint: scope.output<readonly string[]>({ name: 'Server' })?.join(',') }),
  },
);
