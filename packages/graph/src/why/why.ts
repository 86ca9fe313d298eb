// Why something is not ready, as data: a walk from an object through what it waits for to the root cause. Pure.
import type { Condition, KubeObject } from '@stackwright/kube';
import { findCondition } from '@stackwright/core';
import type { ReconciledStatus } from '../status/status.js';
import type { ObjectReference } from '../declare/step.js';
import { rootOf, type Chain, type Link, type Observed, type WhyOptions } from './chain.js';
import { link, lookAtBuiltin, type Look } from './looks.js';

export function why(observed: Observed, object: ObjectReference, options: WhyOptions = {}): Chain {
  return whyAll(observed, object, options)[0];
}

/**
 * A chain to each cause that has nothing to do with the others: to all that failed, or, where nothing has, to all that is
 * waited for. The first is what `why` gives.
 */
export function whyAll(
  observed: Observed,
  object: ObjectReference,
  options: WhyOptions = {},
): readonly [Chain, ...Chain[]] {
  const [first, ...others] = walk(observed, object, options, new Set());
  const worst = severity[rootOf(first).state];
  return [first, ...others.filter((chain) => severity[rootOf(chain).state] >= worst)];
}

/** Trouble explains more than waiting, and waiting more than what is well. */
const severity: Record<Link['state'], number> = { Ready: 0, Unknown: 1, Waiting: 1, Failed: 2, Missing: 2 };

/** The worst first; one chain to each root. */
function walk(
  observed: Observed,
  reference: ObjectReference,
  options: WhyOptions,
  seen: ReadonlySet<Readonly<KubeObject> | undefined>,
): [Chain, ...Chain[]] {
  const object = observed.find(reference);
  if (!object) return [[{ object: reference, state: 'Missing', reason: 'NotFound', message: 'does not exist' }]];
  const look = lookAt(observed, object, options);
  // Waiting in a circle ends where it closes.
  const path = new Set(seen).add(object);
  const roots = new Map<string, Chain>();
  for (const cause of look.causes) {
    if (path.has(observed.find(cause))) continue;
    for (const chain of walk(observed, cause, options, path)) {
      const root = rootOf(chain);
      const id = [root.object.apiVersion, root.object.kind, root.object.namespace ?? '', root.object.name].join('/');
      if (root.state !== 'Ready' && !roots.has(id)) roots.set(id, [look.link, ...chain]);
    }
  }
  const [first, ...others] = [...roots.values()].sort(
    (one, other) => severity[rootOf(other).state] - severity[rootOf(one).state],
  );
  return first ? [first, ...others] : [[look.link]];
}

function lookAt(observed: Observed, object: Readonly<KubeObject>, options: WhyOptions): Look {
  const look = lookAtBuiltin(observed, object, options);
  if (look) return look;
  const { isReconciled = isReconciledByItsStatus } = options;
  return isReconciled(object)
    ? lookAtReconciled(object, options)
    : { link: link(object, 'Ready', 'Exists', 'exists'), causes: [] };
}

function lookAtReconciled(object: Readonly<KubeObject>, options: WhyOptions): Look {
  const { isPatient = () => true, controllerOf = () => [] } = options;
  const { conditions, observedGeneration = 0, waitingFor = [] } = statusOf(object);
  const ready = findCondition(conditions, 'Ready');
  const isSeen = observedGeneration >= (object.metadata?.generation ?? 0);
  if (!ready || !isSeen) {
    const message = ready
      ? 'its controller has not acted on the last change yet'
      : 'no controller has looked at it yet';
    return {
      link: link(object, 'Waiting', 'NotReconciled', message, object.metadata?.creationTimestamp),
      causes: controllerOf(object),
    };
  }
  const { reason, message, lastTransitionTime } = ready;
  const stale = options.staleness?.(object);
  if (ready.status === 'True') {
    return stale
      ? { link: link(object, 'Unknown', 'NotWatched', stale.message, stale.since), causes: controllerOf(object) }
      : { link: link(object, 'Ready', reason, message, lastTransitionTime), causes: [] };
  }
  const step = stepOf(conditions, ready);
  const { namespace } = object.metadata ?? {};
  const waits = [...waitingFor]
    .sort((a, b) => Number(b.reason === reason) - Number(a.reason === reason))
    // A reference within the object's namespace says none.
    .map(({ apiVersion, kind, name, namespace: where = namespace }) => ({
      apiVersion,
      kind,
      name,
      ...(where === undefined ? {} : { namespace: where }),
    }));
  return {
    link: {
      ...link(object, isPatient(reason) ? 'Waiting' : 'Failed', reason, message, lastTransitionTime),
      ...(step === undefined ? {} : { step }),
    },
    // All that it waits for may be there already, and only its controller not running to see it.
    causes: [...waits, ...controllerOf(object)],
  };
}

/** `Ready` repeats the condition of the step at its root. */
function stepOf(conditions: readonly Condition[] | undefined, ready: Condition): string | undefined {
  const root = conditions?.find(
    ({ type, status, reason, message }) =>
      type !== 'Ready' && status === 'False' && reason === ready.reason && message === ready.message,
  );
  return root?.type.replace(/Ready$/, '');
}

function isReconciledByItsStatus(object: Readonly<KubeObject>): boolean {
  const { conditions, waitingFor } = statusOf(object);
  return waitingFor !== undefined || findCondition(conditions, 'Ready') !== undefined;
}

function statusOf(object: Readonly<KubeObject>): ReconciledStatus {
  return (object as { status?: ReconciledStatus }).status ?? {};
}
