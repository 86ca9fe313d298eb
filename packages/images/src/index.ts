export { accounts, type Account, type AccountName } from './accounts.js';
export { buildImages, type BuildEvent, type BuildOptions, type BuiltImage } from './build.js';
export { keyOf, referenceOf, registry, type ImageDefinition } from './definition.js';
export { definitions } from './definitions/index.js';
export { ImageError } from './errors.js';
export { missingPrerequisites, prerequisites, type Prerequisite } from './prerequisites.js';
export { pushImage, saveImages } from './store.js';
export { createProgress, type ProgressDisplay, type Terminal } from './progress.js';
