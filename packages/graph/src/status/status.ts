// The status of a reconciled object: what the engine and the graph have to say, written only where it differs from what is
// there, beside what others say.
import type { Condition } from '@stackwright/kube';
import { findCondition, replaceConditions, type ConditionUpdate } from '@stackwright/core';
import { EngineReason } from '../declare/reasons.js';
import { isSame } from '../evaluate/same.js';
import { conditionPart, type Part } from './parts.js';
import { availableOf, rootsOf, warningsOf, type StepStatus } from './step-status.js';
import type { ObjectReference, Reconciled } from '../declare/step.js';

/** What the engine writes into every status. */
export interface ReconciledStatus {
  observedGeneration?: number;
  conditions?: readonly Condition[];
  waitingFor?: readonly ({ step: string; reason: string } & ObjectReference)[];
}

/** Conditions as they are to be, without the times of their transitions. */
export interface StatusWanted extends Omit<ReconciledStatus, 'conditions'> {
  conditions: readonly ConditionUpdate[];
}

/** `extra` are the graph's own fields. */
export function statusFor(object: Readonly<Reconciled>, statuses: readonly StepStatus[], extra: object): StatusWanted {
  const { generation, namespace } = object.metadata ?? {};
  const { conditions: before } = (object.status ?? {}) as ReconciledStatus;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const roots = rootsOf(statuses);
  const root = roots[0];
  const warnings = warningsOf(statuses).map(({ step, message }) => `${step}: ${message}`);
  const steps = statuses.map((status): ConditionUpdate => {
    const type = `${status.step}Ready`;
    return standingBefore(status, findCondition(before, type)) ?? { type, ...standingNow(status), ...observed };
  });
  const available = availableOf(statuses);
  const ready: ConditionUpdate = root
    ? { type: 'Ready', status: 'False', reason: root.reason, message: root.message, ...observed }
    : { type: 'Ready', status: 'True', reason: EngineReason.Ready, message: warnings.join('; '), ...observed };
  const readyBefore = findCondition(before, 'Ready');
  const isChanging = available?.status === 'True' && roots.every(({ changing }) => changing) && root !== undefined;
  const waitingFor = roots.flatMap(({ step, reason, on }) => {
    if (!on) return [];
    const { namespace: where, ...reference } = on;
    return [
      { step, reason, ...reference, ...(where === undefined || where === namespace ? {} : { namespace: where }) },
    ];
  });
  return {
    ...extra,
    ...observed,
    conditions: [
      (isChanging ? asTrueBefore(readyBefore) : undefined) ?? ready,
      ...(available ? [{ type: 'Available', ...available, ...observed }] : []),
      ...steps,
    ],
    ...(waitingFor.length > 0 ? { waitingFor } : {}),
  };
}

function standingNow({ state, reason, message }: StepStatus): Pick<ConditionUpdate, 'status' | 'reason' | 'message'> {
  return { status: state === 'Done' ? 'True' : 'False', reason, message };
}

/**
 * A step that is blocked was not asked: what it was done for it still does, and it says so of the generation that it was asked
 * of. Not where it was asked ahead of its turn, and serves no more.
 */
function standingBefore({ state, serving }: StepStatus, before: Condition | undefined): ConditionUpdate | undefined {
  return state === 'Blocked' && serving?.status !== 'False' ? asTrueBefore(before) : undefined;
}

function asTrueBefore(before: Condition | undefined): ConditionUpdate | undefined {
  if (before?.status !== 'True') return undefined;
  const { lastTransitionTime: _since, ...update } = before;
  return update;
}

/** Parts that are in a status, and of which `wanted` says nothing. */
export function unsaid(before: ReconciledStatus | undefined, wanted: StatusWanted): Part[] {
  const fields = Object.keys(before ?? {}).filter((field) => !engineFields.has(field) && !(field in wanted));
  const types = (before?.conditions ?? [])
    .map(({ type }) => type)
    .filter((type) => wanted.conditions.every((update) => update.type !== type));
  return [...fields, ...types.map(conditionPart)];
}

/** Parts that are said, with a value or as gone. */
export function said({ conditions, ...fields }: StatusWanted): Part[] {
  const others = Object.keys(fields).filter((field) => !engineFields.has(field));
  return [...others, ...conditions.map(({ type }) => conditionPart(type))];
}

const engineFields: ReadonlySet<string> = new Set(['observedGeneration', 'conditions', 'waitingFor']);

/**
 * The merge patch from a status to the wanted one; undefined when it says that already. `others`: parts that stay as they are.
 * `now` is RFC 3339.
 */
export function statusPatch(
  before: ReconciledStatus | undefined,
  wanted: StatusWanted,
  others: ReadonlySet<Part>,
  now: string,
): Record<string, unknown> | undefined {
  const kept = (before?.conditions ?? []).filter(({ type }) => others.has(conditionPart(type)));
  const order = (before?.conditions ?? []).map(({ type }) => type);
  const updates: readonly ConditionUpdate[] = [...wanted.conditions, ...kept];
  const place = ({ type }: ConditionUpdate) => (order.includes(type) ? order.indexOf(type) : order.length);
  // In the order in which they are, or two writers might put them in order in turns.
  const sorted = [...updates].sort((one, other) => place(one) - place(other));
  const conditions = replaceConditions(before?.conditions ?? [], sorted, now);
  return patchOf(before, { ...wanted, conditions }, others);
}

function patchOf(
  before: object | undefined,
  after: object,
  others: ReadonlySet<Part>,
): Record<string, unknown> | undefined {
  const old = new Map(Object.entries(before ?? {}).filter(([field]) => !others.has(field)));
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
