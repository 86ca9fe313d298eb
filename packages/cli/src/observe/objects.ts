// What the commands that look need to know of custom resources: what they have in common, whatever their kind.
import type { ObjectReference } from '@stackwright/graph';
import type { Condition, KubeObject } from '@stackwright/kube';

export interface WaitingFor extends ObjectReference {
  step: string;
  reason: string;
}

export interface CustomResourceObject extends KubeObject {
  spec?: Record<string, unknown>;
  status?: {
    conditions?: readonly Condition[];
    observedGeneration?: number;
    waitingFor?: readonly WaitingFor[];
    release?: string;
    endpoint?: string;
  };
}

export const groupOf = (apiVersion: string | undefined): string =>
  apiVersion?.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

/** Ours: the group `stackwright.dev` and those below it. */
export const isOurGroup = (group: string): boolean => group === 'stackwright.dev' || group.endsWith('.stackwright.dev');

export const isClaim = (object: KubeObject): boolean => groupOf(object.apiVersion).startsWith('claims.');

export const conditionOf = (object: CustomResourceObject, type: string): Condition | undefined =>
  object.status?.conditions?.find((condition) => condition.type === type);

/** The controller has seen the object as it is now. */
export const isObserved = (object: CustomResourceObject): boolean =>
  (object.status?.observedGeneration ?? 0) >= (object.metadata?.generation ?? 0);

/** Also of what it was last told: while a change is being made, it goes on being ready for what it was told before. */
export const isReady = (object: CustomResourceObject): boolean => {
  const ready = conditionOf(object, 'Ready');
  const speaksOf = ready?.observedGeneration ?? object.status?.observedGeneration ?? 0;
  return ready?.status === 'True' && speaksOf >= (object.metadata?.generation ?? 0);
};

export function referenceOf(object: KubeObject): ObjectReference {
  return {
    apiVersion: object.apiVersion ?? '',
    kind: object.kind ?? '',
    name: object.metadata?.name ?? '',
    ...(object.metadata?.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  };
}

/** The services that a ControlPlane's spec names, infrastructure first. */
export function servicesNamedIn(controlPlane: CustomResourceObject | undefined): string[] {
  const { infrastructure = {}, services = {} } = (controlPlane?.spec ?? {}) as {
    infrastructure?: Record<string, Record<string, unknown>>;
    services?: Record<string, unknown>;
  };
  return [...Object.values(infrastructure).flatMap((players) => Object.keys(players)), ...Object.keys(services)];
}
