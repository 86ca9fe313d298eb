import { ControlPlane, stackwright } from '@stackwright/api';
import type { Manager, PolicyRule } from '@stackwright/core';
import { controllerForGraph, rulesOf, type GraphModule } from '@stackwright/graph';
import { CustomResourceDefinition, type Resource } from '@stackwright/kube';
import { controlPlaneGraph } from './control-plane.js';
import { serviceKinds, serviceSelector } from './discovery.js';
import { registerMetrics } from './metrics.js';

/**
 * What the coordinator may do with a service's object. It is granted by a Role of that service's manifests, one per
 * service: whose team does not want to be managed leaves it out, and no Role of ours speaks of all kinds.
 */
export function coordinatorRules(resource: Resource): PolicyRule[] {
  return [
    {
      apiGroups: [resource.group],
      resources: [resource.plural],
      verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    },
  ];
}

function setup(manager: Manager): void {
  const informer = manager.cache.informer(CustomResourceDefinition, { labelSelector: serviceSelector });
  const controller = controllerForGraph(
    manager,
    controlPlaneGraph(() => serviceKinds(informer.list())),
    { naming: stackwright, endsWithNamespace: true },
  );
  // A service that is installed or removed concerns every control plane: one may have been waiting for it.
  controller.watches(
    CustomResourceDefinition,
    () =>
      manager.cache
        .list(ControlPlane)
        .map(({ metadata }) => ({ namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' })),
    { informer: { labelSelector: serviceSelector } },
  );
  registerMetrics(manager.metrics, manager.cache);
}

export const coordinator: GraphModule = {
  name: 'coordinator',
  naming: stackwright,
  customResources: [ControlPlane],
  rules: rulesOf(controlPlaneGraph(() => [])),
  clusterRules: [
    {
      apiGroups: [CustomResourceDefinition.group],
      resources: [CustomResourceDefinition.plural],
      verbs: ['list', 'watch'],
    },
  ],
  graphs: (reader) => [controlPlaneGraph(() => serviceKinds(reader.list(CustomResourceDefinition)))],
  setup,
};
