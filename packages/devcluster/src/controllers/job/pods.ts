// The Pods of a Job and how they are counted.
import { Job, type Pod } from '@stackwright/kube';
import { millisecondsOf } from '../../shared/clock.js';
import type { Stored } from '../../shared/objects.js';
import { isActive, isFinished, isTerminating, restarts } from '../../shared/pods.js';
import { podFromTemplate } from '../pod-control.js';
import { judge } from './failure-policy.js';
import { withIndex } from './indexes.js';

/** Holds a Pod until its end has been counted, so that a Pod deleted early is not forgotten. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';
const UID_LABELS = ['batch.kubernetes.io/controller-uid', 'controller-uid'];
const NAME_LABELS = ['batch.kubernetes.io/job-name', 'job-name'];

export function isTracked(pod: Pod): boolean {
  return pod.metadata?.finalizers?.includes(TRACKING) ?? false;
}

export function newPod(job: Stored<Job>, index?: number): Pod {
  const template = podFromTemplate(job.spec?.template, Job, job);
  const pod = index === undefined ? template : withIndex(template, job, index);
  const labels = { ...pod.metadata?.labels };
  for (const label of UID_LABELS) labels[label] = job.metadata.uid;
  for (const label of NAME_LABELS) labels[label] = job.metadata.name;
  return { ...pod, metadata: { ...pod.metadata, labels, finalizers: [...(pod.metadata?.finalizers ?? []), TRACKING] } };
}

export interface PodGroups {
  active: Stored<Pod>[];
  /** On their way out, not ended yet. */
  terminating: Stored<Pod>[];
  succeeded: Stored<Pod>[];
  /** Terminating Pods count as failed at once, and are replaced, unless `podReplacementPolicy: Failed` waits for their end. */
  failed: Stored<Pod>[];
  /** Failed, and not counted, by the podFailurePolicy. */
  ignored: Stored<Pod>[];
}

export function group(job: Job, pods: readonly Stored<Pod>[]): PodGroups {
  const waits = job.spec?.podReplacementPolicy === 'Failed';
  const leaving = pods.filter((pod) => isTerminating(pod) && !isFinished(pod));
  const failed = [
    ...pods.filter((pod) => pod.status?.phase === 'Failed'),
    // A Pod without a node never gets to the phase Failed.
    ...leaving.filter((pod) => !waits || !pod.spec?.nodeName),
  ];
  const isIgnored = (pod: Stored<Pod>): boolean => judge(job, pod).action === 'Ignore';
  return {
    active: pods.filter(isActive),
    terminating: leaving,
    succeeded: pods.filter((pod) => pod.status?.phase === 'Succeeded'),
    failed: failed.filter((pod) => !isIgnored(pod)),
    ignored: failed.filter(isIgnored),
  };
}

/** When the Pod's last container ended, or the Pod was deleted. */
export function finishedAt(pod: Stored<Pod>): number {
  const ends = (pod.status?.containerStatuses ?? []).map((status) =>
    millisecondsOf(status.state?.terminated?.finishedAt),
  );
  const end = Math.max(0, ...ends);
  return end > 0 ? end : millisecondsOf(pod.metadata.deletionTimestamp ?? pod.metadata.creationTimestamp);
}

/** With `OnFailure` containers restart in place, and those restarts are what the limit counts. */
export function isPastRestartLimit(job: Job, active: readonly Stored<Pod>[]): boolean {
  if (job.spec?.template.spec?.restartPolicy !== 'OnFailure') return false;
  const limit = job.spec.backoffLimit ?? 6;
  const sum = active.reduce((total, pod) => total + restarts(pod), 0);
  return limit === 0 ? sum > 0 : sum >= limit;
}
