export * from './meta.js';
export * from './resource.js';
export * from './resources/builtin.js';
export * from './client.js';
export * from './errors.js';
export * from './crd/define.js';
