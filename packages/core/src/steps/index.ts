export * from './step.js';
export * from './graph.js';
export * from './controller.js';
export * from './rules.js';
