export * from './catalog/catalog.js';
export * from './catalog/image.js';
export * from './config/oslo-config.js';
export * from './service/builder.js';
export * from './service/define-service.js';
export * from './secrets/password.js';
export * from './secrets/secret.js';
