export { rootOf, type Chain, type Link, type Observed, type WhyOptions } from './chain.js';
export { why, whyAll } from './why.js';
export { stateOfPod, type PodState } from './pod-state.js';
