import type { KubeObject } from '@stackwright/kube';
import type { Manager } from '../manager/manager.js';
import type { ControllerBuilder } from './controller.js';

/** `name` is the controller's label in metrics and logs: lower case, unique within the process. */
export function newController(manager: Manager, name: string): ControllerBuilder<KubeObject> {
  throw new Error(`Not there yet: ${manager.name} ${name}`);
}
