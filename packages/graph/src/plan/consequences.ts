// What a change of a workload means for those who use it, and whether there is room for what it asks for: what people want to
// know before the Pod that runs is gone.
import {
  compareQuantities,
  Deployment,
  StatefulSet,
  type KubeObject,
  type Node,
  type Resource,
} from '@stackwright/kube';
import { isSameResource } from '../declare/graph.js';
import { isSame } from '../evaluate/same.js';

type Workload = Readonly<Deployment | StatefulSet>;
type PodSpec = NonNullable<NonNullable<Deployment['spec']>['template']['spec']>;

/** In words, for one change of an object; none for most. `nodes`: those of the cluster, as far as they may be seen. */
export function consequencesOf(
  resource: Resource,
  before: Readonly<KubeObject> | undefined,
  after: Readonly<KubeObject> | undefined,
  nodes: readonly Readonly<Node>[] = [],
): string[] {
  if (!after || ![Deployment, StatefulSet].some((kind) => isSameResource(kind, resource))) return [];
  const [old, next] = [before as Workload | undefined, after as Workload];
  const isReplaced = !isSame(old?.spec?.template, next.spec?.template);
  if (!isReplaced) return [];
  return [...interruption(resource, old, next), ...unfit(next, nodes)];
}

/** Where no other Pod serves while one is replaced. */
function interruption(resource: Resource, before: Workload | undefined, after: Workload): string[] {
  const running = before?.spec?.replicas ?? 1;
  if (!before || running === 0) return [];
  const grace = before.spec?.template.spec?.terminationGracePeriodSeconds ?? 30;
  const isAtOnce = (after.spec as Deployment['spec'])?.strategy?.type === 'Recreate';
  const isOnly = isSameResource(resource, StatefulSet) && running === 1;
  if (!isAtOnce && !isOnly) return [];
  const who = running === 1 ? 'its only Pod stops' : `all ${running} Pods stop`;
  const seconds = `${grace} ${grace === 1 ? 'second' : 'seconds'}`;
  return [
    `${who} before a new one starts: nobody is served for up to ${seconds}, and for as long as the new one takes to start`,
  ];
}

/** Requests that are on no node, however empty it is. */
function unfit({ spec: workload }: Workload, nodes: readonly Readonly<Node>[]): string[] {
  const usable = nodes.filter(({ spec }) => !spec?.unschedulable);
  if (usable.length === 0) return [];
  return ['cpu', 'memory'].flatMap((what) => {
    const wanted = requestOf(workload?.template.spec, what);
    const largest = usable
      .flatMap(({ status }) => status?.allocatable?.[what] ?? [])
      .sort(compareQuantities)
      .at(-1);
    if (wanted === undefined || largest === undefined || compareQuantities(wanted, largest) <= 0) return [];
    return [`no node has ${wanted} of ${what}: the largest has ${largest}`];
  });
}

/** Of the one container that asks for most, which is no more than the Pod asks for. */
function requestOf(spec: PodSpec | undefined, what: string): string | undefined {
  return (spec?.containers ?? [])
    .flatMap(({ resources }) => resources?.requests?.[what] ?? [])
    .sort(compareQuantities)
    .at(-1);
}
