// The condition lists of built-in workloads. Unlike metav1.Condition they know no observedGeneration.

export interface WorkloadCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
  lastProbeTime?: string;
}

export function conditionOf<C extends WorkloadCondition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** The list with `wanted` in it; the time of transition stays while the status does. Unchanged conditions stay as they are. */
export function withCondition<C extends WorkloadCondition>(conditions: readonly C[], wanted: C, now: string): C[] {
  const current = conditionOf(conditions, wanted.type);
  if (
    current &&
    current.status === wanted.status &&
    current.reason === wanted.reason &&
    current.message === wanted.message
  ) {
    return [...conditions];
  }
  const lastTransitionTime = current?.status === wanted.status ? (current.lastTransitionTime ?? now) : now;
  const next = { ...wanted, lastTransitionTime };
  return current ? conditions.map((condition) => (condition === current ? next : condition)) : [...conditions, next];
}

export function withoutCondition<C extends WorkloadCondition>(conditions: readonly C[], type: string): C[] {
  return conditions.filter((condition) => condition.type !== type);
}
