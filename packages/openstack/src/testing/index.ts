export * from './claim-harness.js';
export * from './fake-http.js';
export * from './object-harness.js';
export * from './server-harness.js';
export * from './service-harness.js';
export * from './python.js';
export * from './network.js';
