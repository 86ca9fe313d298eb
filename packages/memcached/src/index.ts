export { memcached } from './module.js';
export { Memcached } from './crd.js';
