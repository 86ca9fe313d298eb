// Why a Pod cannot run on a node, in the words of Kubernetes' scheduler.
import { matchesSelector, type Node, type PersistentVolumeClaim, type Pod } from '@stackwright/kube';
import type {
  Affinity,
  NodeSelectorTerm,
  PodAffinityTerm,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from 'kubernetes-types/core/v1.d.ts';
import { quantity } from '../../shared/quantity.js';
import { isFinished } from '../../shared/pods.js';
import type { Stored } from '../../shared/objects.js';
import { matchesLabels, matchesRequirement } from '../../shared/selectors.js';

export interface ClusterState {
  pods: readonly Stored<Pod>[];
  nodes: readonly Stored<Node>[];
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
}

/** Reasons; empty when the Pod fits. */
export function misfits(pod: Stored<Pod>, node: Stored<Node>, state: ClusterState): string[] {
  const neighbours = state.pods.filter((other) => other.spec?.nodeName === node.metadata.name && !isFinished(other));
  return [
    ...taintMisfits(pod, node),
    ...(matchesNodeAffinity(pod, node) ? [] : ["node(s) didn't match Pod's node affinity/selector"]),
    ...(portsCollide(pod, neighbours) ? ["node(s) didn't have free ports for the requested pod ports"] : []),
    ...resourceMisfits(pod, node, neighbours),
    ...affinityMisfits(pod, neighbours),
    ...spreadMisfits(pod, node, state),
  ];
}

/** Reasons that concern no node: a claim that is missing or not bound yet. */
export function claimMisfit(pod: Stored<Pod>, state: ClusterState): string | undefined {
  for (const volume of pod.spec?.volumes ?? []) {
    const name = volume.persistentVolumeClaim?.claimName;
    if (name === undefined) continue;
    const claim = state.claim(pod.metadata.namespace, name);
    if (!claim) return `persistentvolumeclaim "${name}" not found`;
    if (claim.metadata?.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    if (claim.status?.phase !== 'Bound') return 'pod has unbound immediate PersistentVolumeClaims';
  }
  return undefined;
}

function taintMisfits(pod: Pod, node: Node): string[] {
  const refused = untolerated(pod, node, ['NoSchedule', 'NoExecute']);
  if (!refused) return [];
  if (refused.key === 'node.kubernetes.io/unschedulable') return ['node(s) were unschedulable'];
  return [`node(s) had untolerated taint {${refused.key}: ${refused.value ?? ''}}`];
}

/** The first taint of such an effect that the Pod does not tolerate. */
export function untolerated(pod: Pod, { spec }: Node, effects: readonly string[]): Taint | undefined {
  const taints: Taint[] = [...(spec?.taints ?? [])];
  // A cordoned node counts as tainted, whether or not somebody has put the taint on it yet.
  if (spec?.unschedulable) taints.push({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' });
  return taints.find(
    (taint) => effects.includes(taint.effect) && !(pod.spec?.tolerations ?? []).some((it) => tolerates(it, taint)),
  );
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

export function matchesNodeAffinity(pod: Pod, node: Stored<Node>): boolean {
  if (!matchesLabels(node.metadata.labels, pod.spec?.nodeSelector ?? {})) return false;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm(term: NodeSelectorTerm, node: Stored<Node>): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields = { 'metadata.name': node.metadata.name };
  return (
    matchExpressions.every((requirement) => matchesRequirement(node.metadata.labels ?? {}, requirement)) &&
    matchFields.every((requirement) => matchesRequirement(fields, requirement))
  );
}

function hostPorts(pod: Pod): string[] {
  return (pod.spec?.containers ?? []).flatMap((container) =>
    (container.ports ?? []).flatMap((port) => {
      const number = port.hostPort ?? (pod.spec?.hostNetwork ? port.containerPort : undefined);
      return number === undefined ? [] : [`${number}/${port.protocol ?? 'TCP'}`];
    }),
  );
}

function portsCollide(pod: Pod, neighbours: readonly Pod[]): boolean {
  const wanted = hostPorts(pod);
  return wanted.length > 0 && neighbours.some((other) => hostPorts(other).some((port) => wanted.includes(port)));
}

/** What the scheduler reserves: the sum of the containers, or the largest init container when that is more. */
export function requested(pod: Pod, resource: 'cpu' | 'memory'): number {
  const of = (container: { resources?: { requests?: Record<string, string> } }): number =>
    quantity(container.resources?.requests?.[resource] ?? 0) || 0;
  const main = (pod.spec?.containers ?? []).reduce((sum, container) => sum + of(container), 0);
  return Math.max(main, ...(pod.spec?.initContainers ?? []).map(of));
}

function resourceMisfits(pod: Pod, node: Node, neighbours: readonly Pod[]): string[] {
  const allocatable = node.status?.allocatable ?? {};
  const short = (resource: 'cpu' | 'memory'): boolean => {
    const wanted = requested(pod, resource);
    const used = neighbours.reduce((sum, other) => sum + requested(other, resource), 0);
    return wanted > 0 && used + wanted > quantity(allocatable[resource]);
  };
  return [
    ...(neighbours.length + 1 > quantity(allocatable['pods'] ?? 110) ? ['Too many pods'] : []),
    ...(short('cpu') ? ['Insufficient cpu'] : []),
    ...(short('memory') ? ['Insufficient memory'] : []),
  ];
}

/** Every topology is the node here: what shares a host shares the zone as well. */
function affinityMisfits(pod: Stored<Pod>, neighbours: readonly Stored<Pod>[]): string[] {
  const { podAffinity, podAntiAffinity }: Affinity = pod.spec?.affinity ?? {};
  const meets = (term: PodAffinityTerm, owner: Stored<Pod>, other: Stored<Pod>): boolean =>
    (term.namespaces ?? [owner.metadata.namespace]).includes(other.metadata.namespace) &&
    matchesSelector(term.labelSelector, other.metadata.labels);
  const apart = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const together = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const refused = neighbours.some((other) =>
    (other.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some((term) =>
      meets(term, other, pod),
    ),
  );
  // The first of a group that wants to be together with itself has to start somewhere.
  const lonely = (term: PodAffinityTerm): boolean =>
    !neighbours.some((other) => meets(term, pod, other)) && !meets(term, pod, pod);
  return [
    ...(apart.some((term) => neighbours.some((other) => meets(term, pod, other)))
      ? ["node(s) didn't match pod anti-affinity rules"]
      : []),
    ...(refused ? ["node(s) didn't satisfy existing pods anti-affinity rules"] : []),
    ...(together.some(lonely) ? ["node(s) didn't match pod affinity rules"] : []),
  ];
}

/** Constraints that must hold; those of `ScheduleAnyway` are wishes, which nobody here looks at. */
function spreadMisfits(pod: Stored<Pod>, node: Stored<Node>, state: ClusterState): string[] {
  const hard = (pod.spec?.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
  );
  const unlabelled = hard.some(({ topologyKey }) => node.metadata.labels?.[topologyKey] === undefined);
  if (unlabelled) return ["node(s) didn't match pod topology spread constraints (missing required label)"];
  const uneven = hard.some((constraint) => skewOn(node, constraint, pod, state) > constraint.maxSkew);
  return uneven ? ["node(s) didn't match pod topology spread constraints"] : [];
}

/** By how many Pods the node's domain would be ahead of the emptiest one, with this Pod in it. */
function skewOn(
  node: Stored<Node>,
  { topologyKey, labelSelector, matchLabelKeys = [], minDomains = 1 }: TopologySpreadConstraint,
  pod: Stored<Pod>,
  { pods, nodes }: ClusterState,
): number {
  const labels = pod.metadata.labels ?? {};
  const alike = ({ metadata }: Stored<Pod>): boolean =>
    metadata.namespace === pod.metadata.namespace &&
    matchesSelector(labelSelector, metadata.labels) &&
    matchLabelKeys.every((key) => labels[key] === undefined || metadata.labels?.[key] === labels[key]);
  const counts = new Map<string, number>();
  for (const each of nodes) {
    const domain = each.metadata.labels?.[topologyKey];
    if (domain === undefined || !matchesNodeAffinity(pod, each)) continue;
    const there = pods.filter(
      (other) =>
        other.spec?.nodeName === each.metadata.name &&
        !isFinished(other) &&
        !other.metadata.deletionTimestamp &&
        alike(other),
    );
    counts.set(domain, (counts.get(domain) ?? 0) + there.length);
  }
  const emptiest = counts.size < minDomains ? 0 : Math.min(...counts.values());
  return (counts.get(node.metadata.labels?.[topologyKey] ?? '') ?? 0) + (alike(pod) ? 1 : 0) - emptiest;
}
