export { rootOf, why, type Chain, type Link, type Observed, type WhyOptions } from './why.js';
export { stateOfPod, type PodState } from './pod-state.js';
