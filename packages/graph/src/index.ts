export * from './declare/step.js';
export * from './declare/graph.js';
export type { RuntimeKind, RuntimeSeams, StepRuntime } from './declare/runtime.js';
export * from './controller.js';
export * from './declare/rules.js';
export * from './module.js';
export { Annotation, Label, namesOf, type GraphNaming, type Names } from './declare/names.js';
export { hashOf } from './evaluate/hash.js';
export * from './workloads/index.js';
export { stepMetrics } from './status/metrics.js';
export { withDeadline } from './pace/deadline.js';
export { EngineReason } from './declare/reasons.js';
export {
  evaluate,
  type Evaluation,
  type EvaluationInput,
  type Observation,
  type StepEvaluation,
  type StepOutcome,
} from './evaluate/evaluate.js';
export * from './plan/index.js';
export * from './why/index.js';
