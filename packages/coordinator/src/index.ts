export { coordinator, coordinatorRules } from './module.js';
export { conditionOfService, controlPlaneGraph } from './control-plane.js';
