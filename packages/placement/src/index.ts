export { placement } from './module.js';
export { Placement } from './crd.js';
