export { keystone } from './module.js';
export { Keystone } from './crd.js';
