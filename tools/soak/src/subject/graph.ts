// The widget as a step graph.
import type { ControllerModule } from '@stackwright/core';
import { defineGraph, done, moduleOfGraphs } from '@stackwright/graph';
import { ConfigMap } from '@stackwright/kube';
import { GraphWidget, type Widget } from './kinds.js';
import type { LedgerClient } from './ledger-client.js';
import { partsOf } from './parts.js';

export function graphWidgets(ledger: LedgerClient): ControllerModule {
  const graph = defineGraph<Widget>(
    GraphWidget,
    (g) => {
      const parts = g.step({
        name: 'Parts',
        owns: [ConfigMap],
        run(scope) {
          for (const part of partsOf(scope.name, scope.object.spec)) scope.own(ConfigMap, part);
          return done();
        },
      });
      g.external({
        name: 'Account',
        after: [parts],
        observe: (scope, signal) => ledger.read(scope.name, signal),
        diff: (scope, revision) => (revision === scope.object.spec.revision ? [] : [scope.object.spec.revision]),
        describe: (revision) => `write revision ${revision}`,
        apply: async (scope, [revision = 0], signal) => ledger.write(scope.name, revision, signal),
        output: (_scope, revision) => revision,
        remove: (scope, signal) => ledger.close(scope.name, signal),
      });
    },
    { status: ({ object }) => ({ revision: object.spec.revision }) },
  );
  return moduleOfGraphs({ name: 'graphwidget', customResources: [GraphWidget], graphs: [graph] });
}
