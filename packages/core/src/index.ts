export * from './seams/clock.js';
export * from './seams/random.js';
export * from './reader.js';
export * from './reconciler.js';
export * from './log.js';
export * from './steps/step.js';
export * from './module.js';
export * from './manager/manager.js';
