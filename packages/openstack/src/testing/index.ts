export * from './fake-http.js';
export * from './service-harness.js';
