// Tells what changed from one status to the next, once: events for people, never one per reconcile.
import type { Condition, KubeObject } from '@stackwright/kube';
import { type EventRecorder, findCondition } from '@stackwright/core';
import { EngineReason } from '../declare/reasons.js';
import { availableOf, rootsOf, type StepStatus } from './step-status.js';

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
  recordAvailable(record, findCondition(before, 'Available'), statuses);
  const ready = findCondition(before, 'Ready');
  const [root] = rootsOf(statuses);
  if (!root && ready?.status === 'False') record('Normal', EngineReason.Ready, 'All steps are done');
  // What has failed is told already; a change that is being made takes nothing away.
  if (root?.state === 'Waiting' && !root.changing && ready?.status === 'True') {
    record('Normal', root.reason, `No longer ready: ${root.step}: ${root.message}`);
  }
}

/** An outage of what a step decides that is blocked anyway: nothing else of it changes. */
function recordAvailable(
  record: (type: 'Normal' | 'Warning', reason: string, note: string) => void,
  before: Condition | undefined,
  statuses: readonly StepStatus[],
): void {
  const decides = statuses.filter(({ state, serving }) => state === 'Blocked' && serving !== undefined);
  const [away] = decides.filter(({ serving }) => serving?.status === 'False');
  const now = availableOf(statuses);
  if (away?.serving && before?.status === 'True') {
    record('Warning', away.serving.reason, `No longer available: ${away.step}: ${away.serving.message}`);
  }
  if (decides.length > 0 && now?.status === 'True' && before?.status === 'False') {
    record('Normal', EngineReason.Available, 'Is available');
  }
}
