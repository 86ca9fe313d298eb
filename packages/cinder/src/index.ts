export { cinder } from './module.js';
export { Cinder } from './crd.js';
