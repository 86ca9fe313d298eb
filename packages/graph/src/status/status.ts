// The status of a reconciled object: computed whole, written only where it differs from what is there.
import type { Condition } from '@stackwright/kube';
import { replaceConditions, type ConditionUpdate } from '@stackwright/core';
import { EngineReason } from '../declare/reasons.js';
import { isSame } from '../evaluate/same.js';
import { rootsOf, warningsOf, type StepStatus } from './step-status.js';
import type { ObjectReference, Reconciled } from '../declare/step.js';

/** What the engine writes into every status. */
export interface ReconciledStatus {
  observedGeneration?: number;
  conditions?: readonly Condition[];
  waitingFor?: readonly ({ step: string; reason: string } & ObjectReference)[];
}

/** `extra` are the graph's own fields. `now` is RFC 3339. */
export function statusFor(
  object: Readonly<Reconciled>,
  statuses: readonly StepStatus[],
  extra: object,
  now: string,
): ReconciledStatus {
  const { generation, namespace } = object.metadata ?? {};
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const roots = rootsOf(statuses);
  const root = roots[0];
  const warnings = warningsOf(statuses).map(({ step, message }) => `${step}: ${message}`);
  const steps = statuses.map(({ step, state, reason, message }): ConditionUpdate => ({
    type: `${step}Ready`,
    status: state === 'Done' ? 'True' : 'False',
    reason,
    message,
    ...observed,
  }));
  const ready: ConditionUpdate = root
    ? { type: 'Ready', status: 'False', reason: root.reason, message: root.message, ...observed }
    : { type: 'Ready', status: 'True', reason: EngineReason.Ready, message: warnings.join('; '), ...observed };
  const waitingFor = roots.flatMap(({ step, reason, on }) => {
    if (!on) return [];
    const { namespace: where, ...reference } = on;
    return [
      { step, reason, ...reference, ...(where === undefined || where === namespace ? {} : { namespace: where }) },
    ];
  });
  const conditions = replaceConditions(
    (object.status as ReconciledStatus | undefined)?.conditions ?? [],
    [ready, ...steps],
    now,
  );
  return { ...extra, ...observed, conditions, ...(waitingFor.length > 0 ? { waitingFor } : {}) };
}

/** The merge patch from one status to another; undefined when they say the same. */
export function statusPatch(before: object | undefined, after: object): Record<string, unknown> | undefined {
  const old = new Map(Object.entries(before ?? {}));
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(after)) {
    if (value === undefined) continue;
    if (!isSame(old.get(name), value)) patch[name] = replacing(old.get(name), value);
  }
  for (const name of old.keys()) if ((after as Record<string, unknown>)[name] === undefined) patch[name] = null;
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** A merge patch merges objects: fields that are to go have to be named. */
function replacing(before: unknown, after: unknown): unknown {
  if (!isFields(before) || !isFields(after)) return after;
  const gone = Object.keys(before).filter((name) => after[name] === undefined);
  const kept = Object.entries(after).map(([name, value]) => [name, replacing(before[name], value)]);
  return {
    ...Object.fromEntries(gone.map((name) => [name, null])),
    ...(Object.fromEntries(kept) as Record<string, unknown>),
  };
}

function isFields(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
