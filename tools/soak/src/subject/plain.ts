// The widget at the plain level: a function from a name to the state of the world.
import {
  addFinalizer,
  generationChanged,
  hasFinalizer,
  isBeingDeleted,
  newController,
  removeFinalizer,
  type ControllerModule,
} from '@stackwright/core';
import { ConfigMap, controllerReference, isControlledBy, isNotFound } from '@stackwright/kube';
import { PlainWidget } from './kinds.js';
import type { LedgerClient } from './ledger-client.js';
import { partsOf, WIDGET_LABEL } from './parts.js';

const FINALIZER = 'soak.stackwright.dev/account';

export const plainWidgets = (ledger: LedgerClient): ControllerModule => ({
  name: 'plainwidget',
  customResources: [PlainWidget],
  rules: [],
  setup(manager) {
    const { cache, fieldManager } = manager;
    newController(manager, 'plainwidget')
      .for(PlainWidget, { predicates: [generationChanged] })
      .owns(ConfigMap)
      .complete(
        async (request, { client, signal }) => {
          const widget = cache.get(PlainWidget, request);
          if (!widget) return;
          if (isBeingDeleted(widget)) {
            if (!hasFinalizer(widget, FINALIZER)) return;
            await ledger.close(request.name, signal);
            await removeFinalizer(client, PlainWidget, widget, FINALIZER);
            return;
          }
          await addFinalizer(client, PlainWidget, widget, FINALIZER);
          const { namespace = '', generation = 0 } = widget.metadata ?? {};
          const wanted = partsOf(request.name, widget.spec);
          const reference = controllerReference(PlainWidget, widget, namespace);
          for (const part of wanted) {
            const key = { namespace, name: part.metadata.name };
            const there = cache.get(ConfigMap, key);
            if (there?.data?.['revision'] === part.data.revision && isControlledBy(there, widget)) continue;
            await client.apply(
              ConfigMap,
              { ...part, metadata: { ...part.metadata, namespace, ownerReferences: [reference] } },
              { fieldManager, force: true },
            );
          }
          const names = new Set(wanted.map(({ metadata }) => metadata.name));
          for (const part of cache.list(ConfigMap, { namespace, labels: { [WIDGET_LABEL]: request.name } })) {
            const { name = '', uid = '' } = part.metadata ?? {};
            if (names.has(name) || !isControlledBy(part, widget)) continue;
            await client.delete(ConfigMap, { namespace, name }, { preconditions: { uid } }).catch((error: unknown) => {
              if (!isNotFound(error)) throw error;
            });
          }
          const { revision } = widget.spec;
          if ((await ledger.read(request.name, signal)) !== revision)
            await ledger.write(request.name, revision, signal);
          const { status } = widget;
          if (status?.observedGeneration === generation && status.revision === revision) return;
          const body = { status: { observedGeneration: generation, revision } };
          await client.patch(PlainWidget, request, { type: 'merge', body }, { subresource: 'status' });
        },
        { maxConcurrentReconciles: 4 },
      );
  },
});
