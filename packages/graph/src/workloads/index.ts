export * from './endpoints.js';
export { forgetJobs, jobOwns, jobReads, runJob, type JobRun } from './job.js';
export * from './job-state.js';
export * from './pod-problem.js';
export * from './refusals.js';
export * from './rollout.js';
export * from './security.js';
