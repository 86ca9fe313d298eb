// What a service says of itself, as a step of the control plane.
import { isAvailable, isPaused, isReady, readyCondition, Reason, stateOfReason } from '@stackwright/api';
import { done, failed, waiting, type ObjectReference, type Outcome } from '@stackwright/graph';
import { apiVersionOf, type ObjectKey } from '@stackwright/kube';
import type { ServiceKind, ServiceObject } from './discovery.js';

/** Looking again by itself finds nothing new: a change of the service's object is what to wait for. */
export const untilToldOtherwise = 600_000;

export function readinessOf(
  { resource }: ServiceKind,
  key: ObjectKey,
  object: Readonly<ServiceObject>,
): Outcome<undefined> {
  const on: ObjectReference = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...key };
  if (isReady(object)) return done();
  const what = `${resource.kind} ${key.name}`;
  if (object.metadata?.deletionTimestamp) return waiting(Reason.Deleting, `${what} is being deleted`, { on });
  if (isPaused(object)) return waiting(Reason.Paused, `${what} is paused (spec.paused)`, { on });
  const ready = readyCondition(object);
  if (ready?.status === 'True' && object.status?.observedGeneration === object.metadata?.generation) {
    return waiting(Reason.RolloutInProgress, `${what} is being changed, and works meanwhile`, { on, changing: true });
  }
  if (!ready || ready.status === 'True') {
    // Told of a change, which it makes while it serves; or not heard of yet.
    const changing = ready !== undefined && isAvailable(object);
    return waiting(Reason.Pending, `${what} has not done yet what it was last told`, { on, changing });
  }
  // The service's reason is the control plane's: whoever reads it shall not have to look further.
  const message = `${what}: ${ready.message}`;
  if (stateOfReason(ready.reason) !== 'Failed') return waiting(ready.reason, message, { on });
  return failed(ready.reason, message, { on, retryAfter: untilToldOtherwise });
}
