export * from './apiserver/index.js';
export * from './cluster.js';
