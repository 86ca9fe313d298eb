export * from './server.js';
export type { AdmissionAttributes, AdmissionPlugin } from './admission.js';
export type { AuditEvent } from './audit.js';
export type { Authorizer } from './auth/authorizer.js';
export { ConnectionLost, type Interceptor } from './intercept.js';
export type { LogOptions, NodeProxy } from './subresources/log.js';
