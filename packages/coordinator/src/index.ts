export { coordinator, coordinatorRules } from './module.js';
export { controlPlaneGraph } from './control-plane.js';
