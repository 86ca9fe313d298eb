// Seams
export * from './seams/clock.js';
export * from './seams/random.js';
export * from './seams/time.js';
// The plain level: a reconciler, its controller, the manager
export * from './reconciler.js';
export * from './controller/controller.js';
export * from './controller/builder.js';
export * from './controller/predicates.js';
export * from './manager/manager.js';
export * from './module.js';
// Reading
export * from './reader.js';
export * from './cache/cache.js';
// Writing
export * from './conditions.js';
export * from './finalizers.js';
export * from './events/recorder.js';
// The step graph
export * from './steps/index.js';
// Observability
export * from './log.js';
