// Most processes consist of graphs and of nothing else: what they may do and what they run follows from these.
import type { CustomResource } from '@stackwright/kube';
import type { ControllerModule, Manager, PodNeeds, Reader } from '@stackwright/core';
import { controllerForGraph } from './controller.js';
import type { Graph } from './declare/graph.js';
import type { GraphNaming } from './declare/names.js';
import { clusterRulesOf, rulesOf } from './declare/rules.js';

/** A controller process that consists of step graphs. */
export interface GraphModule extends ControllerModule {
  /** For who plans or explains without running it; `reader` for graphs that depend on what the cluster has. */
  graphs(reader: Reader): readonly Graph[];
  /** What labels and annotations of its children are called, whatever process runs it. Default: as that is called. */
  readonly naming?: GraphNaming;
}

export function moduleOfGraphs(options: {
  /** "keystone". */
  name: string;
  /** The CRDs that this controller owns. */
  customResources: readonly CustomResource[];
  graphs: readonly Graph[];
  /** See `GraphModule`. */
  naming?: GraphNaming;
  /** See `ControllerModule`. */
  pods?: PodNeeds;
  /** See `GraphControllerOptions`. */
  endsWithNamespace?: boolean;
  /** What else it adds to the manager: metrics of its own. */
  setup?: (manager: Manager) => void;
}): GraphModule {
  const { name, customResources, graphs, naming, pods, endsWithNamespace = false, setup } = options;
  const clusterRules = clusterRulesOf(...graphs);
  return {
    name,
    customResources,
    rules: rulesOf(...graphs),
    ...(clusterRules.length > 0 ? { clusterRules } : {}),
    graphs: () => graphs,
    ...(naming ? { naming } : {}),
    ...(pods ? { pods } : {}),
    setup(manager) {
      for (const graph of graphs)
        controllerForGraph(manager, graph, { endsWithNamespace, ...(naming ? { naming } : {}) });
      setup?.(manager);
    },
  };
}
