// Binds a graph to a controller: watches, workers, the reconcile that runs the graph.
import type { Controller, ControllerOptions } from '../controller/controller.js';
import type { Manager } from '../manager/manager.js';
import type { Graph } from './graph.js';
import type { Reconciled } from './step.js';

export interface GraphControllerOptions extends ControllerOptions {
  /** The controller's label in metrics and logs. Default: the kind in lower case. */
  name?: string;
}

export function controllerForGraph<R extends Reconciled>(manager: Manager, graph: Graph<R>, options: GraphControllerOptions = {}): Controller {
  throw new Error(`Not there yet: ${manager.name} ${graph.resource.kind} ${options.name ?? ''}`);
}
