// Ours, plain level: a reconcile function on the cache, the queue and the client of @stackwright/core. With everything that
// runModule brings along: leader election, metrics, health, JSON logs, consistency with own writes, ordered stop.
import { generationChanged, newController, runModule, type ControllerModule } from '@stackwright/core';
import { ConfigMap, Deployment, Service, type KubeObject, type Resource } from '@stackwright/kube';
import { reportImportTime } from './shared/import-time.js';
import { Widget } from './shared/resource.js';
import { childrenOf, concurrency, controllerName, fieldManager, isAsWanted, newStatusOf } from './shared/widget.js';

const widgets: ControllerModule = {
  name: controllerName,
  customResources: [Widget],
  rules: [],
  setup(manager) {
    const { cache, clock } = manager;
    newController(manager, controllerName)
      .for(Widget, { predicates: [generationChanged] })
      .owns(ConfigMap)
      .owns(Service)
      .owns(Deployment)
      .complete(
        async (request, { client }) => {
          const widget = cache.get(Widget, request);
          if (!widget || widget.metadata?.deletionTimestamp) return;
          const wanted = childrenOf(widget);
          const ensure = async <T extends KubeObject>(resource: Resource<T>, child: T): Promise<void> => {
            if (isAsWanted(cache.get(resource, request), child)) return;
            await client.apply(resource, child, { fieldManager, force: true });
          };
          await Promise.all([
            ensure(ConfigMap, wanted.configMap),
            ensure(Service, wanted.service),
            ensure(Deployment, wanted.deployment),
          ]);
          const status = newStatusOf(widget, () => new Date(clock.now()));
          if (!status) return;
          await client.patch(Widget, request, { type: 'merge', body: { status } }, { subresource: 'status' });
        },
        { maxConcurrentReconciles: concurrency },
      );
  },
};

reportImportTime();
await runModule(widgets);
