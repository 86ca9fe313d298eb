// The Pods of a DaemonSet: which nodes shall have one, and how a Pod is tied to its node.
import { DaemonSet, type ControllerRevision, type Node, type Pod } from '@stackwright/kube';
import type { NodeSelectorTerm, PodSpec, Toleration } from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../../shared/objects.js';
import { isReady, untilAvailable } from '../../shared/pods.js';
import { REVISION_LABEL } from '../history.js';
import { podFromTemplate } from '../pod-control.js';
import { matchesNodeAffinity, untolerated } from '../scheduler/filters.js';

/** How many times the template has changed, as clients of old versions of the API knew it. */
export const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';

const NODE_NAME = 'metadata.name';

/** What does not keep a daemon from its node: it is there to see to such conditions. */
const TOLERATED: readonly (readonly [key: string, effect: string])[] = [
  ['not-ready', 'NoExecute'],
  ['unreachable', 'NoExecute'],
  ['disk-pressure', 'NoSchedule'],
  ['memory-pressure', 'NoSchedule'],
  ['pid-pressure', 'NoSchedule'],
  ['unschedulable', 'NoSchedule'],
];

function tolerations(spec: PodSpec): Toleration[] {
  const network: typeof TOLERATED = spec.hostNetwork ? [['network-unavailable', 'NoSchedule']] : [];
  const own = spec.tolerations ?? [];
  const added = [...TOLERATED, ...network]
    .map(([key, effect]) => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect }))
    .filter(({ key, effect }) => !own.some((it) => it.key === key && it.effect === effect && it.operator === 'Exists'));
  return [...own, ...added];
}

/** Tied to the node by its affinity, so that the scheduler still looks whether there is room. */
export function newPod(set: Stored<DaemonSet>, node: string, revision: ControllerRevision): Pod {
  const pod = podFromTemplate(set.spec?.template, DaemonSet, set);
  const spec = pod.spec ?? { containers: [] };
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  const matchFields = [{ key: NODE_NAME, operator: 'In', values: [node] }];
  const nodeSelectorTerms = required.map((term): NodeSelectorTerm => ({ ...term, matchFields }));
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata?.labels,
        [REVISION_LABEL]: hashOf(revision),
        'pod-template-generation': set.metadata.annotations?.[GENERATION_ANNOTATION] ?? '1',
      },
    },
    spec: {
      ...spec,
      affinity: {
        ...spec.affinity,
        nodeAffinity: { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
      },
      tolerations: tolerations(spec),
    },
  };
}

export const hashOf = ({ metadata }: ControllerRevision): string => metadata?.labels?.[REVISION_LABEL] ?? '';

/** The node that the Pod is on, or is meant for. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === NODE_NAME)?.values?.[0];
}

export interface Suitability {
  shouldRun: boolean;
  /** False: a Pod that is there already has to go. */
  mayStay: boolean;
}

export function suitability(set: Stored<DaemonSet>, node: Stored<Node>): Suitability {
  const template = set.spec?.template.spec ?? { containers: [] };
  const pod: Pod = { spec: { ...template, tolerations: tolerations(template) } };
  if ((template.nodeName && template.nodeName !== node.metadata.name) || !matchesNodeAffinity(pod, node))
    return { shouldRun: false, mayStay: false };
  return {
    shouldRun: !untolerated(pod, node, ['NoSchedule', 'NoExecute']),
    mayStay: !untolerated(pod, node, ['NoExecute']),
  };
}

export const isAvailable = (pod: Pod, { spec }: DaemonSet, now: number): boolean =>
  isReady(pod) && untilAvailable(pod, spec?.minReadySeconds ?? 0, now) === 0;
