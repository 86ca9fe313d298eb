export { clusterAddresses } from './addresses.js';
export { PodmanRuntime, type PodmanRuntimeOptions } from './runtime.js';
export { findClusters, forgetNote, noteCluster, removeCluster, type HostCluster } from './host-clusters.js';
