// How a Job stands, from its conditions alone: counters lag behind them.
import { Job, type KubeObject, type Resource } from '@stackwright/kube';
import { isSameResource } from '../declare/graph.js';

export type JobState = 'Active' | 'Complete' | 'Failed';

export function jobState(job: Readonly<Job>): JobState {
  const isTrue = (type: string) =>
    job.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True');
  if (isTrue('Failed')) return 'Failed';
  return isTrue('Complete') ? 'Complete' : 'Active';
}

/** Whether the object is a Job that has not ended: killing it may leave a schema half migrated. */
export function isActiveJob(resource: Resource, object: Readonly<KubeObject>): boolean {
  return isSameResource(resource, Job) && jobState(object as Readonly<Job>) === 'Active';
}
