// Keeps what is served in step with the CRDs in the store.
import type { CustomResourceDefinition } from '@stackwright/kube';
import type { ServerContext } from '../context.js';
import { clone, equal } from '../json.js';
import { strategyContext } from '../verbs/validate.js';
import type { WebhookCaller } from '../webhooks/client.js';
import { Converter } from './conversion.js';
import { definitionOf, resourcesOf } from './resources.js';
import { accept, CRDS } from './strategy.js';

/** Serves all CRDs, now and as they change: a resource is there before the request that made its CRD is answered. */
export function serveDefinitions(
  context: ServerContext,
  { caller, settlingTime = 0 }: { caller: WebhookCaller; settlingTime?: number },
): void {
  const { store, registry } = context;
  const resources = (definition: CustomResourceDefinition) =>
    resourcesOf(
      definition,
      definition.spec.conversion?.strategy === 'Webhook' ? new Converter(definition, caller) : undefined,
    );
  for (const object of store.list(CRDS)) {
    const definition = definitionOf(object);
    registry.replace(definition.spec.group, definition.spec.names.plural, resources(definition));
  }
  store.subscribe((resource, event) => {
    if (resource !== CRDS) return;
    const { spec } = definitionOf(event.object);
    if (event.type !== 'DELETED') {
      const served = resources(definitionOf(event.object));
      const [first] = served;
      if (first && settlingTime > 0 && !registry.byStorage(first.storage))
        context.settling.set(first.storage, context.now() + settlingTime);
      registry.replace(spec.group, spec.names.plural, served);
      return;
    }
    registry.replace(spec.group, spec.names.plural, []);
    // Its names are free now: somebody may have waited for them.
    for (const waiting of store.list(CRDS)) {
      if (definitionOf(waiting).spec.group !== spec.group) continue;
      const draft = clone(waiting);
      accept(definitionOf(draft), definitionOf(waiting), strategyContext(context, 'system:apiserver'));
      if (!equal(draft, waiting)) store.put(CRDS, waiting.metadata.name ?? '', draft);
    }
  });
}
