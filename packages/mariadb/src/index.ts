export { mariadb } from './module.js';
export { MariaDB } from './crd.js';
