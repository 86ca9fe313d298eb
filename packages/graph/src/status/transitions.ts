// Tells what changed from one status to the next, once: events for people, never one per reconcile.
import type { Condition, KubeObject } from '@stackwright/kube';
import { type EventRecorder, findCondition } from '@stackwright/core';
import { EngineReason } from '../declare/reasons.js';
import { rootsOf, type StepStatus } from './step-status.js';

/**
 * What somebody should look at, a Warning for each step; and of the object as a whole that it is not ready any more, and that it
 * is again. A step that waits for another, or has become done, is no news of its own: conditions say it, and with an event each
 * the API would have no room for what matters. What was done at the first look is no news at all.
 */
export function recordTransitions(
  events: EventRecorder,
  regarding: Readonly<KubeObject>,
  before: readonly Condition[] | undefined,
  statuses: readonly StepStatus[],
): void {
  const record = (type: 'Normal' | 'Warning', reason: string, note: string) =>
    events.record(regarding, { type, reason, action: 'Reconcile', note });
  for (const { step, state, reason, message } of statuses) {
    const old = findCondition(before, `${step}Ready`);
    if (state === 'Done') {
      if (message !== '' && message !== old?.message) record('Warning', reason, `${step}: ${message}`);
    } else if (state === 'Failed') {
      if (old?.status !== 'False' || old.reason !== reason) record('Warning', reason, `${step}: ${message}`);
    }
  }
  const ready = findCondition(before, 'Ready');
  const [root] = rootsOf(statuses);
  if (!root && ready?.status === 'False') record('Normal', EngineReason.Ready, 'All steps are done');
  // What has failed is told already; a change that is being made takes nothing away.
  if (root?.state === 'Waiting' && !root.changing && ready?.status === 'True') {
    record('Normal', root.reason, `No longer ready: ${root.step}: ${root.message}`);
  }
}
