// A plan as data: for people by way of a renderer, for programs as JSON. It holds no Secret's content.
import { apiVersionOf, keyOf, type KubeObject, type Node, type ObjectKey, type Resource } from '@stackwright/kube';
import { isBeingDeleted, scrub } from '@stackwright/core';
import { isSameResource } from '../declare/graph.js';
import type { StepStatus } from '../status/step-status.js';
import type { ReconciledStatus } from '../status/status.js';
import type { ObjectReference } from '../declare/step.js';
import type { WriteReason } from '../evaluate/writes.js';
import { consequencesOf } from './consequences.js';
import { changedFields, type PlannedField } from './fields.js';
import type { Planned } from './planned.js';
import type { ShadowWrite } from './shadow.js';

export interface Plan {
  /** In the order in which they would be reconciled. */
  readonly objects: readonly ObjectPlan[];
  readonly summary: PlanSummary;
  /** What the API server would not take, or the spec itself asks for and cannot be: to be mended before all else. */
  readonly refused: readonly PlannedRefusal[];
  /** Why steps outside Kubernetes were not looked at, where they were to be. */
  readonly unreachable?: string;
  /** Why the API server was not asked about each write, where it was to be. */
  readonly unconfirmed?: string;
}

export interface PlannedRefusal {
  /** Whose controller would be told. */
  readonly object: ObjectReference;
  readonly step: string;
  readonly reason: string;
  readonly message: string;
}

export interface PlanSummary {
  readonly create: number;
  readonly change: number;
  readonly delete: number;
  /** Changes outside Kubernetes. */
  readonly external: number;
  /** Steps of which nobody can say yet what they would do. */
  readonly unknown: number;
  /** Steps that would fail, objects included that cannot be reconciled at all. */
  readonly failed: number;
}

/** What would happen for one reconciled object. */
export interface ObjectPlan {
  readonly object: ObjectReference;
  /** Nothing will be written as long as it carries the annotation; this is what would be, without it. */
  readonly paused?: true;
  /** It is being deleted: this is how it would be undone. */
  readonly deleting?: true;
  /** It does not exist. */
  readonly missing?: true;
  readonly steps: readonly PlannedStep[];
  /** Conditions that would change; those of steps that are not known are left out. */
  readonly conditions: readonly PlannedCondition[];
  /** Of what is deleted: the data that stays, since its deletion policy says so. */
  readonly kept?: readonly ObjectReference[];
  /** Why planning ended early. */
  readonly error?: string;
}

export interface PlannedStep {
  /** "" for what belongs to the object itself: its finalizer. */
  readonly step: string;
  /** How it would stand when this is written; `Unknown` where that cannot be told before. */
  readonly state: StepStatus['state'] | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly changes: readonly PlannedChange[];
}

export type PlannedChange =
  | {
      readonly action: 'create' | 'change' | 'delete' | 'release';
      readonly object: ObjectReference;
      readonly why: WriteReason | 'Finalizer' | 'Deleting';
      /** The reason in words. */
      readonly text: string;
      /** Of what is changed. */
      readonly fields: readonly PlannedField[];
      /** What else to know before it is done, in words: that nobody is served meanwhile, that no node has room. */
      readonly warnings?: readonly string[];
    }
  | { readonly action: 'external'; readonly text: string };

export interface PlannedCondition {
  readonly type: string;
  readonly from?: { readonly status: string; readonly reason: string };
  readonly to: { readonly status: string; readonly reason: string; readonly message: string };
}

const reasons: Record<WriteReason | 'Finalizer' | 'Deleting', string> = {
  Missing: 'it does not exist',
  Changed: 'something else is wanted than was applied last',
  Drifted: 'somebody has changed what was applied',
  Removed: 'its step wants it gone, to make it anew or for good',
  Unwanted: 'no step wants it any more',
  Released: 'its step gives it up: it stays as it is',
  Amended: 'its step changes what was made once',
  Unmarked: 'an earlier version made it, which did not write on it whose it is',
  Finalizer: 'so that its deletion waits until what it made is undone',
  Deleting: 'what it belongs to is being deleted',
};

/** `nodes`: those of the cluster, as far as they may be seen. */
export function reportOf(
  planned: Planned,
  otherwise: readonly Planned[] | undefined,
  nodes: readonly Readonly<Node>[],
): ObjectPlan {
  const { resource, key, before, last, error } = planned;
  const changes = changesOf(
    planned,
    otherwise?.find((one) => isOf(one, planned)),
    nodes,
  );
  const statuses = last?.statuses ?? [];
  const evaluated = last?.result?.evaluation.steps ?? [];
  const external = (step: string) => evaluated.find((one) => one.step.name === step)?.outcome;
  const steps = statuses.map((status): PlannedStep => {
    const outcome = external(status.step);
    const outside = outcome?.state === 'Changing' ? outcome.descriptions : [];
    return {
      step: status.step,
      ...knownOf(status, outcome?.state),
      changes: [
        ...(changes.get(status.step) ?? []),
        ...outside.map((text) => ({ action: 'external', text: scrub(text) }) as const),
      ],
    };
  });
  // Of steps that are done being undone, that are no more, or of none.
  const others = [...changes].filter(([step]) => !statuses.some((one) => one.step === step));
  const undone = planned.removed.filter((step) => !statuses.some((one) => one.step === step));
  const names = [...new Set([...undone, ...others.map(([step]) => step)])];
  const further = names.map((step): PlannedStep => ({
    step,
    state: 'Done',
    reason: '',
    message: '',
    changes: [
      ...(planned.removed.includes(step) ? [{ action: 'external', text: 'undo what was made outside' } as const] : []),
      ...(changes.get(step) ?? []),
    ],
  }));
  return {
    object: referenceOf(resource, key),
    ...(planned.paused ? { paused: true } : {}),
    ...(before && isBeingDeleted(before) ? { deleting: true } : {}),
    ...(before ? {} : { missing: true }),
    steps: [...further, ...steps],
    conditions: conditionsOf(planned, steps),
    ...(planned.kept.length > 0 ? { kept: planned.kept } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

/** Reasons that no waiting mends. */
const refusals: ReadonlySet<string> = new Set([
  'Rejected',
  'Forbidden',
  'Conflict',
  'InvalidSpec',
  'InvalidConfig',
  'UnknownService',
  'DependencyMissing',
]);

export function refusedOf(objects: readonly ObjectPlan[]): PlannedRefusal[] {
  return objects.flatMap(({ object, steps }) =>
    steps
      .filter(({ state, reason }) => state === 'Failed' && refusals.has(reason))
      .map(({ step, reason, message }) => ({ object, step, reason, message })),
  );
}

export function summaryOf(objects: readonly ObjectPlan[]): PlanSummary {
  const steps = objects.flatMap((object) => object.steps);
  const changes = steps.flatMap((step) => step.changes);
  const count = (action: PlannedChange['action']) => changes.filter((change) => change.action === action).length;
  return {
    create: count('create'),
    change: count('change') + count('release'),
    delete: count('delete'),
    external: count('external'),
    unknown: steps.filter(({ state }) => state === 'Unknown').length,
    failed:
      steps.filter(({ state }) => state === 'Failed').length +
      objects.filter(({ error, steps: own }) => error !== undefined && own.every(({ state }) => state !== 'Failed'))
        .length,
  };
}

/** A step that waits for another, or for somebody to look, is one of which nothing is known. */
function knownOf(
  { state, reason, message }: StepStatus,
  outcome: string | undefined,
): Pick<PlannedStep, 'state' | 'reason' | 'message'> {
  if (outcome === 'Unobserved') {
    return { state: 'Unknown', reason, message: 'not observed: nobody has looked at what is outside Kubernetes' };
  }
  if (state === 'Blocked') return { state: 'Unknown', reason, message: `not known yet: ${message.replace(/^W/, 'w')}` };
  return { state, reason, message };
}

/** By step. What is written several times is one change, from what it was first to what it is last. */
function changesOf(
  planned: Planned,
  otherwise: Planned | undefined,
  nodes: readonly Readonly<Node>[],
): Map<string, PlannedChange[]> {
  const byObject = new Map<string, { first: ShadowWrite; last: ShadowWrite }>();
  for (const write of planned.shadow.filter(({ subresource }) => subresource === undefined)) {
    const id = idOf(write.resource, write.key);
    byObject.set(id, { first: byObject.get(id)?.first ?? write, last: write });
  }
  const changes = new Map<string, PlannedChange[]>();
  for (const [id, { first, last }] of byObject) {
    const write = planned.writes.findLast(({ resource, name }) => idOf(resource, { ...first.key, name }) === id);
    const isItself = isSameResource(first.resource, planned.resource) && keyOf(first.key) === keyOf(planned.key);
    const step = write?.step ?? first.before?.metadata?.annotations?.[planned.names.annotation.step] ?? '';
    const why = write?.why ?? (isItself ? 'Finalizer' : 'Deleting');
    const other = otherwise?.shadow.findLast((one) => idOf(one.resource, one.key) === id)?.after;
    const fields =
      first.before && last.after ? changedFields(first.resource, first.before, last.after, other, planned.names) : [];
    const action = actionOf(first.before, last.after, write?.verb === 'release');
    // The object itself goes when its finalizer does: that is what was asked for.
    if (isItself && !last.after) continue;
    const object = referenceOf(first.resource, first.key);
    const warnings = consequencesOf(first.resource, first.before, last.after, nodes);
    const more = warnings.length > 0 ? { warnings } : {};
    const change: PlannedChange = { action, object, why, text: reasons[why], fields, ...more };
    changes.set(isItself ? '' : step, [...(changes.get(isItself ? '' : step) ?? []), change]);
  }
  return changes;
}

function actionOf(
  before: Readonly<KubeObject> | undefined,
  after: Readonly<KubeObject> | undefined,
  isRelease: boolean,
): 'create' | 'change' | 'delete' | 'release' {
  if (isRelease) return 'release';
  if (!after || (isBeingDeleted(after) && !(before && isBeingDeleted(before)))) return 'delete';
  return before ? 'change' : 'create';
}

function conditionsOf({ shadow, before }: Planned, steps: readonly PlannedStep[]): PlannedCondition[] {
  const after = shadow.findLast(({ subresource }) => subresource === 'status')?.after;
  const conditions = (object: Readonly<KubeObject> | undefined) =>
    (object as { status?: ReconciledStatus } | undefined)?.status?.conditions ?? [];
  const unknown = new Set(steps.filter(({ state }) => state === 'Unknown').map(({ step }) => `${step}Ready`));
  // Ready is the worst of all steps: not known where one is not.
  if (unknown.size > 0 && steps.every(({ state }) => state === 'Unknown' || state === 'Done')) unknown.add('Ready');
  return conditions(after).flatMap(({ type, status, reason, message }): PlannedCondition[] => {
    const old = conditions(before).find((one) => one.type === type);
    if (unknown.has(type) || (old?.status === status && old.reason === reason)) return [];
    const from = old ? { from: { status: old.status, reason: old.reason } } : {};
    return [{ type, ...from, to: { status, reason, message } }];
  });
}

function isOf(one: Planned, other: Planned): boolean {
  return idOf(one.resource, one.key) === idOf(other.resource, other.key);
}

function idOf(resource: Resource, key: ObjectKey): string {
  return `${apiVersionOf(resource)} ${resource.kind} ${keyOf(key)}`;
}

function referenceOf(resource: Resource, { name, namespace }: ObjectKey): ObjectReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  };
}
