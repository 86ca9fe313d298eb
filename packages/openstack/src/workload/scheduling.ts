// Where a workload's Pods run: what the object says, and where it says nothing, apart from each other.
import type { TopologySpreadConstraint, WorkloadSpec } from '@stackwright/api';
import type { PodSpec } from '@stackwright/graph';

export type SchedulingSpec = Pick<
  WorkloadSpec,
  'priorityClassName' | 'nodeSelector' | 'tolerations' | 'topologySpreadConstraints'
>;

type Scheduling = Pick<PodSpec, keyof SchedulingSpec>;

/** Wishes and no conditions: on one node, or in a cluster without zones, all Pods run all the same. */
const apart: readonly TopologySpreadConstraint[] = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map(
  (topologyKey) => ({ topologyKey, maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' }),
);

/**
 * Fields of the Pod's spec. `selector` are the labels of the workload's Pods, which are spread; without them nothing is:
 * the one Pod of a Job has nobody to keep away from.
 */
export function schedulingOf(spec: SchedulingSpec, selector?: Readonly<Record<string, string>>): Scheduling {
  const { priorityClassName, nodeSelector, tolerations, topologySpreadConstraints = apart } = spec;
  return {
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(nodeSelector === undefined ? {} : { nodeSelector: { ...nodeSelector } }),
    ...(tolerations?.length ? { tolerations: tolerations.map((toleration) => ({ ...toleration })) } : {}),
    ...(selector && topologySpreadConstraints.length > 0
      ? {
          topologySpreadConstraints: topologySpreadConstraints.map((constraint) => ({
            ...constraint,
            labelSelector: { matchLabels: { ...selector } },
          })),
        }
      : {}),
  };
}
