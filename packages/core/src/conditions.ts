// metav1 conditions: set and merge such that nothing changes when nothing changed.
import type { Condition } from '@stackwright/kube';
import { scrub } from './scrub/scrub.js';
import { cutBytes } from './text.js';

export type ConditionUpdate = Omit<Condition, 'lastTransitionTime'>;

/** Of a message; the API counts characters or bytes, by kind. */
const longestMessage = 32_768;

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/**
 * The list with `update` in it: in place when the type is there, else at the end. Its message is without credentials and cut at
 * 32,768 bytes. `now` (RFC 3339, as `formatTime` writes it) becomes
 * lastTransitionTime only when the status changed. Returns `conditions` itself when nothing changed, so that callers
 * can skip the write.
 */
export function setCondition(
  conditions: readonly Condition[],
  given: ConditionUpdate,
  now: string,
): readonly Condition[] {
  const update = fitting(given);
  const index = conditions.findIndex((condition) => condition.type === update.type);
  const previous = conditions[index];
  if (!previous) return [...conditions, { ...update, lastTransitionTime: now }];
  if (isSame(previous, update)) return conditions;
  const lastTransitionTime = previous.status === update.status ? previous.lastTransitionTime : now;
  return conditions.with(index, { ...update, lastTransitionTime });
}

/**
 * Exactly the conditions of `updates`, in that order, each with the lastTransitionTime that `setCondition` would give it.
 * Returns `conditions` itself when nothing changed.
 */
export function replaceConditions(
  conditions: readonly Condition[],
  updates: readonly ConditionUpdate[],
  now: string,
): readonly Condition[] {
  const next = updates.map((given) => {
    const update = fitting(given);
    const previous = findCondition(conditions, update.type);
    if (previous && isSame(previous, update)) return previous;
    const lastTransitionTime = previous?.status === update.status ? previous.lastTransitionTime : now;
    return Object.assign({}, update, { lastTransitionTime });
  });
  const same = next.length === conditions.length && next.every((condition, index) => condition === conditions[index]);
  return same ? conditions : next;
}

function fitting(update: ConditionUpdate): ConditionUpdate {
  const message = cutBytes(scrub(update.message), longestMessage);
  return message === update.message ? update : { ...update, message };
}

function isSame(previous: Condition, update: ConditionUpdate): boolean {
  return (
    previous.status === update.status &&
    previous.reason === update.reason &&
    previous.message === update.message &&
    previous.observedGeneration === update.observedGeneration
  );
}
