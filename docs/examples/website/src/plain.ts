import { generationChanged, newController, setCondition, type ControllerModule } from '@stackwright/core';
import { hashOf, type Desired } from '@stackwright/graph';
import { ConfigMap, controllerReference, Deployment, formatTime, Service } from '@stackwright/kube';
import type { KubeObject, Resource } from '@stackwright/kube';
import { contentOf, serverOf, serviceOf } from './children.js';
import { Website } from './website.js';

export const plainWebsite: ControllerModule = {
  name: 'website',
  customResources: [Website],
  rules: [
    { apiGroups: ['example.org'], resources: ['websites'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['example.org'], resources: ['websites/status'], verbs: ['patch'] },
    { apiGroups: ['', 'apps'], resources: ['configmaps', 'services', 'deployments'], verbs: ['*'] },
  ],
  setup(manager) {
    const { cache, clock, fieldManager } = manager;
    newController(manager, 'website')
      .for(Website, { predicates: [generationChanged] })
      .owns(ConfigMap)
      .owns(Deployment)
      .owns(Service)
      .complete(async (request, { client }) => {
        const site = cache.get(Website, request);
        if (!site) return; // gone: its children go with it, by their ownerReferences
        const { name, namespace = '' } = request;
        const { page, replicas } = site.spec;
        const labels = { 'app.kubernetes.io/name': 'website', 'app.kubernetes.io/instance': name };
        const apply = <T extends KubeObject>(kind: Resource<T>, desired: Desired<T>): Promise<T> => {
          const ownerReferences = [controllerReference(Website, site, namespace)];
          const object: KubeObject = {
            ...desired,
            metadata: { ...desired.metadata, namespace, labels, ownerReferences },
          };
          return client.apply(kind, object as T, { fieldManager, force: true });
        };
        await apply(ConfigMap, contentOf(name, page));
        const server = await apply(Deployment, serverOf(name, labels, replicas, hashOf(page, 8)));
        await apply(Service, serviceOf(name, labels));

        const ready = (server.status?.readyReplicas ?? 0) >= replicas;
        const reason = ready ? 'Ready' : 'RolloutInProgress';
        const condition = { type: 'Ready', status: ready ? 'True' : 'False', reason, message: '' } as const;
        const before = site.status?.conditions ?? [];
        const conditions = setCondition(before, condition, formatTime(clock.now()));
        if (conditions === before) return; // nothing changed: nothing is written
        const status = { conditions, url: `http://${name}.${namespace}.svc` };
        await client.patch(Website, request, { type: 'merge', body: { status } }, { subresource: 'status' });
      });
  },
};
