export { clusterAddresses } from './addresses.js';
export { PodmanRuntime, type PodmanRuntimeOptions } from './runtime.js';
