// Changes of the control plane that do not reach a service: the service itself knows nothing of them, and says that it is ready.
import { Reason, stateOfReason } from '@stackwright/api';
import { conditionOfService } from '@stackwright/coordinator';
import type { Condition } from '@stackwright/kube';
import { conditionOf, isObserved, type CustomResourceObject } from '../observe/objects.js';

/** What the control plane says against its own entry of a service; undefined where it only repeats what the service says. */
export function refusalOf(controlPlane: CustomResourceObject | undefined, service: string): Condition | undefined {
  if (!controlPlane || !isObserved(controlPlane)) return undefined;
  const condition = conditionOf(controlPlane, conditionOfService(service));
  if (condition?.status !== 'False' || stateOfReason(condition.reason) !== 'Failed') return undefined;
  const repeats = new RegExp(`^\\S+ ${service}: `);
  return repeats.test(condition.message) ? undefined : condition;
}

/** It is not that something is refused: it has to be said what shall become of the service. */
export const isDropped = ({ reason }: Pick<Condition, 'reason'>): boolean => reason === Reason.ServiceDropped;

/** What is wrong with the control plane itself: with names in it, or with what it lacks. */
export function complaintOf(controlPlane: CustomResourceObject): Condition | undefined {
  const condition = conditionOf(controlPlane, 'ServicesReady') ?? conditionOf(controlPlane, 'GraphReady');
  return condition?.status === 'False' ? condition : undefined;
}
