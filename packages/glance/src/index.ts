export { glance } from './module.js';
export { Glance } from './crd.js';
