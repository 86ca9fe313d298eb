// Most processes consist of graphs and of nothing else: what they may do and what they run follows from these.
import type { CustomResource } from '@stackwright/kube';
import type { Manager } from '../manager/manager.js';
import type { ControllerModule } from '../module.js';
import { controllerForGraph } from './controller.js';
import type { Graph } from './graph.js';
import { clusterRulesOf, rulesOf } from './rules.js';

export function moduleOfGraphs(options: {
  /** "keystone". */
  name: string;
  /** The CRDs that this controller owns. */
  customResources: readonly CustomResource[];
  graphs: readonly Graph[];
  /** What else it adds to the manager: metrics of its own. */
  setup?: (manager: Manager) => void;
}): ControllerModule {
  const { name, customResources, graphs, setup } = options;
  const clusterRules = clusterRulesOf(...graphs);
  return {
    name,
    customResources,
    rules: rulesOf(...graphs),
    ...(clusterRules.length > 0 ? { clusterRules } : {}),
    graphs: () => graphs,
    setup(manager) {
      for (const graph of graphs) controllerForGraph(manager, graph);
      setup?.(manager);
    },
  };
}
