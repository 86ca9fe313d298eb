export * from './apiserver/index.js';
export * from './cluster.js';
export { SimulatedRuntime, type Behaviour, type ContainerMatch } from './node/simulated/index.js';
export type { HostFacts } from './node/index.js';
export type { HostCluster } from './node/podman/index.js';
