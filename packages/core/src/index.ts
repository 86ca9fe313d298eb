// The process
export * from './module.js';
export { runModule, runModules, type ProcessOptions } from './manager/run.js';
export { createManager, type ManagerOptions, type ManagerProcess } from './manager/create-manager.js';
export { EnvironmentError, readEnvironment, type Environment } from './manager/environment.js';
// The plain level: a reconciler, its controller, the manager
export * from './reconciler.js';
export * from './controller/controller.js';
export * from './controller/builder.js';
export * from './controller/predicates.js';
export { Expectations, type ExpectationsOptions } from './controller/expectations.js';
export { controllerOf, ownerRequests } from './controller/owners.js';
export * from './manager/manager.js';
export type { Naming } from './manager/naming.js';
export { metricsAuthRules } from './manager/metrics-auth.js';
export { CertificateError } from './manager/certificates.js';
// Reading
export * from './reader.js';
export * from './cache/cache.js';
// Writing
export * from './conditions.js';
export * from './finalizers.js';
export * from './events/recorder.js';
// Observability
export * from './log.js';
export { createLogger, logLevels, type LoggerOptions, type LogLevel } from './log/pino.js';
export { controlsEscaped, withoutControls } from './terminal-text.js';
export { learnSecret, learnSecretsOf, maskValues, scrub } from './scrub/scrub.js';
export * from './metrics/metric.js';
export { coreMetrics } from './metrics/table.js';
// Webhooks
export * from './webhook/webhook.js';
export {
  conversionOf,
  crdWithVersions,
  webhookConfigurations,
  type WebhookConfiguration,
  type WebhookManifestOptions,
  type WebhookTarget,
} from './webhook/manifests.js';
// Tracing
export * from './tracing/tracer.js';
export { clientWithin } from './tracing/traced-client.js';
// Seams
export * from './seams/clock.js';
export * from './seams/random.js';
export { systemClock } from './seams/system-clock.js';
export { systemRandom } from './seams/system-random.js';
export { aborted, settlesWithin, sleep } from './seams/wait.js';
// For who puts a runtime together by hand: the parts that the manager is made of
export { InformerCache, type InformerCacheOptions } from './cache/informer-cache.js';
export { Store } from './cache/store.js';
export {
  WorkQueue,
  lowPriority,
  type AddOptions,
  type QueueItem,
  type QueueObserver,
  type WorkQueueOptions,
} from './queue/work-queue.js';
export { LeaderElector, type LeaderElectionOptions, type LeaseTimings } from './manager/leader-election.js';
