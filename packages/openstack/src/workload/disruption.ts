// How many of a workload's Pods may be away when nodes are drained.
import type { DisruptionBudget } from '@stackwright/api';
import { Label, type Desired } from '@stackwright/graph';
import type { PodDisruptionBudget } from '@stackwright/kube';

/**
 * One at a time, unless the object says otherwise. This never blocks a drain for ever: the only Pod of a workload may go
 * (`minAvailable: 1` would keep its node from ever being drained), and a Pod that is not ready may go whatever the others
 * do, since it serves nobody where it is and may do so on another node.
 *
 * Wanted whatever the number of replicas, so that scaling leaves no moment without it. The step declares it in `owns`.
 */
export function disruptionBudget(
  name: string,
  selector: Readonly<Record<string, string>>,
  { maxUnavailable, minAvailable, unhealthyPodEvictionPolicy = 'AlwaysAllow' }: DisruptionBudget = {},
): Desired<PodDisruptionBudget> {
  const component = selector[Label.component];
  return {
    metadata: { name, ...(component === undefined ? {} : { labels: { [Label.component]: component } }) },
    spec: {
      ...(minAvailable === undefined ? { maxUnavailable: maxUnavailable ?? 1 } : { minAvailable }),
      selector: { matchLabels: { ...selector } },
      unhealthyPodEvictionPolicy,
    },
  };
}
