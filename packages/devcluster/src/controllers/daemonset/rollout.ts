// Replacing the Pods of an older template: which to delete, and where to make a new one beside it.
import type { DaemonSet, Pod } from '@stackwright/kube';
import type { Stored } from '../../shared/objects.js';
import { isFinished, isTerminating } from '../../shared/pods.js';
import { share } from '../share.js';

export interface NodePods {
  node: string;
  pods: readonly Stored<Pod>[];
}

export interface Rollout {
  deletions: Stored<Pod>[];
  /** Nodes that get a new Pod while the old one still runs. */
  surges: string[];
}

export interface Judgement {
  isNew: (pod: Stored<Pod>) => boolean;
  isAvailable: (pod: Stored<Pod>) => boolean;
}

/** One step. Pods that are not available are replaced at once, for nothing is lost; others as the limits allow. */
export function rollout(set: DaemonSet, nodes: readonly NodePods[], judgement: Judgement): Rollout {
  const limits = limitsOf(set, nodes.length);
  const byNode = nodes.map(({ node, pods }) => {
    const living = pods.filter((pod) => !isFinished(pod));
    return {
      node,
      old: living.find((pod) => !judgement.isNew(pod)),
      made: living.find((pod) => judgement.isNew(pod)),
    };
  });
  return limits.surge > 0 ? surge(byNode, limits.surge, judgement) : replace(byNode, limits.unavailable, judgement);
}

type OfNode = { node: string; old: Stored<Pod> | undefined; made: Stored<Pod> | undefined };

function replace(nodes: readonly OfNode[], limit: number, { isAvailable }: Judgement): Rollout {
  let unavailable = 0;
  const free: Stored<Pod>[] = [];
  const candidates: Stored<Pod>[] = [];
  for (const { old, made } of nodes) {
    const pod = made ?? old;
    if (!pod || isTerminating(pod) || !isAvailable(pod)) unavailable += 1;
    if (made || !old || isTerminating(old)) continue;
    (isAvailable(old) ? candidates : free).push(old);
  }
  return { deletions: [...free, ...candidates.slice(0, Math.max(0, limit - unavailable))], surges: [] };
}

function surge(nodes: readonly OfNode[], limit: number, { isAvailable }: Judgement): Rollout {
  let surging = 0;
  const deletions: Stored<Pod>[] = [];
  const free: string[] = [];
  const candidates: string[] = [];
  for (const { node, old, made } of nodes) {
    if (!old) continue;
    if (made) {
      // The new one has taken over.
      if (isAvailable(made)) {
        if (!isTerminating(old)) deletions.push(old);
      } else {
        surging += 1;
      }
    } else if (!isTerminating(old)) {
      (isAvailable(old) ? candidates : free).push(node);
    }
  }
  return { deletions, surges: [...free, ...candidates.slice(0, Math.max(0, limit - surging))] };
}

function limitsOf({ spec }: DaemonSet, nodes: number): { unavailable: number; surge: number } {
  const { maxUnavailable = 1, maxSurge = 0 } = spec?.updateStrategy?.rollingUpdate ?? {};
  const surge = share(maxSurge, nodes);
  const unavailable = share(maxUnavailable, nodes);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
