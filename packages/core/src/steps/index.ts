export * from './step.js';
export * from './graph.js';
export * from './controller.js';
export * from './rules.js';
export * from './module.js';
export { Annotation, Label } from './names.js';
export { hashOf } from './hash.js';
