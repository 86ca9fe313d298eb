// Tells what changed from one status to the next, once: events for people, never one per reconcile.
import type { Condition, KubeObject } from '@stackwright/kube';
import { type EventRecorder, findCondition } from '@stackwright/core';
import { EngineReason } from '../declare/reasons.js';
import type { StepStatus } from './step-status.js';

/**
 * Good news is told where there was something to wait for: what was done at the first look is no news, and with thousands
 * of objects an event each would cost as much as the objects do.
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
      if (old?.status === 'False') record('Normal', EngineReason.StepReady, `${step} is ready`);
      if (message !== '' && message !== old?.message) record('Warning', reason, `${step}: ${message}`);
    } else if (state === 'Failed') {
      if (old?.status === 'True' || old?.reason !== reason) record('Warning', reason, `${step}: ${message}`);
    } else if (old?.status === 'True') {
      record('Normal', reason, `${step} is no longer ready: ${message}`);
    }
  }
  if (statuses.every(({ state }) => state === 'Done') && findCondition(before, 'Ready')?.status === 'False') {
    record('Normal', EngineReason.Ready, 'All steps are done');
  }
}
