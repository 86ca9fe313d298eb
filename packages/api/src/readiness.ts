// Whether an object of ours is ready: the same question for claims, services and control planes.
import type { Condition, KubeObject } from '@stackwright/kube';

/** An object with the common status. */
export interface Conditioned extends KubeObject {
  status?: { observedGeneration?: number; conditions?: readonly Condition[] };
}

export function readyCondition(object: Readonly<Conditioned>): Condition | undefined {
  return object.status?.conditions?.find(({ type }) => type === 'Ready');
}

/**
 * Whether it does its work now, whatever is wrong with what is wanted next; of what does not say so (a claim, a controller of an
 * earlier version), whether it said last that it is Ready.
 */
export function isAvailable(object: Readonly<Conditioned>): boolean {
  const available = object.status?.conditions?.find(({ type }) => type === 'Available');
  return (available ?? readyCondition(object))?.status === 'True';
}

/** Its controller writes nothing for it, its status included: what its conditions say is of the time before. */
export function isPaused(object: Readonly<Conditioned & { spec?: object }>): boolean {
  return (object.spec as { paused?: boolean } | undefined)?.paused === true;
}

/** Ready, and for what it was last told: a condition of an older generation says nothing about the newer one. */
export function isReady(object: Readonly<Conditioned>): boolean {
  const ready = readyCondition(object);
  const observed = ready?.observedGeneration ?? object.status?.observedGeneration;
  return ready?.status === 'True' && observed === object.metadata?.generation;
}
