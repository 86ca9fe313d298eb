// Ours, step graph: three steps that own a child each. Conditions per step, drift repair with delays, pruning, events and
// step metrics come along, besides everything that the plain level brings.
import { runModule } from '@stackwright/core';
import { controllerForGraph, defineGraph, done, waiting, type StepScope } from '@stackwright/graph';
import { ConfigMap, Deployment, Service, type ObjectOf } from '@stackwright/kube';
import { reportImportTime } from './shared/import-time.js';
import { Widget } from './shared/resource.js';
import { concurrency, configMapOf, controllerName, deploymentOf, serviceOf } from './shared/widget.js';

type Scope = StepScope<ObjectOf<typeof Widget>>;

const there = (child: object | undefined) => (child ? done() : waiting('Pending', 'It is being created'));

const widgets = defineGraph(Widget, (g) => {
  g.step({
    name: 'Config',
    owns: [ConfigMap],
    run: (scope: Scope) => there(scope.own(ConfigMap, configMapOf(scope.name, scope.object.spec.message))),
  });
  g.step({
    name: 'Service',
    owns: [Service],
    run: (scope: Scope) => there(scope.own(Service, serviceOf(scope.name))),
  });
  g.step({
    name: 'Server',
    owns: [Deployment],
    run: (scope: Scope) => there(scope.own(Deployment, deploymentOf(scope.name))),
  });
});

reportImportTime();
await runModule({
  name: controllerName,
  customResources: [Widget],
  rules: [],
  setup: (manager) => {
    controllerForGraph(manager, widgets, { name: controllerName, maxConcurrentReconciles: concurrency });
  },
});
