export { plan, type PlanInput, type PlannedController, type PlanTarget } from './plan.js';
export type { ObjectPlan, Plan, PlannedChange, PlannedCondition, PlannedStep, PlanSummary } from './report.js';
export { changedFields, type PlannedField } from './fields.js';
export { ClusterSnapshot, type SnapshotOptions } from './snapshot.js';
