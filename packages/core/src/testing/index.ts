// What tests of controllers need: time, chance and an API that they own.
export * from './admission.js';
export * from './fake-clock.js';
export * from './fake-client.js';
export * from './logger.js';
export * from './seeded-random.js';
export * from './test-manager.js';
