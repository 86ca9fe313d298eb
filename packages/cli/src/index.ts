export { modules } from './modules.js';
export { createProgram, type ProgramOptions } from './program.js';
export { controllerManifests, type ManifestOptions } from './manifests/controller.js';
export { customResourceDefinitions, manifestsFor } from './manifests/manifests.js';
export { explain, rootOf, type Chain, type Link } from './explain/explain.js';
export { Snapshot } from './observe/snapshot.js';
export { takeSnapshot } from './observe/take-snapshot.js';
