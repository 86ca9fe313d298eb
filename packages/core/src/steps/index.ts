export * from './step.js';
export * from './graph.js';
export * from './controller.js';
export * from './rules.js';
export * from './module.js';
export { Annotation, Label, managedBy } from './names.js';
export { hashOf } from './hash.js';
export * from './workloads/index.js';
export { EngineReason } from './reasons.js';
export {
  evaluate,
  type Evaluation,
  type EvaluationInput,
  type Observation,
  type StepEvaluation,
  type StepOutcome,
} from './evaluate.js';
export * from './plan/index.js';
export * from './why/index.js';
