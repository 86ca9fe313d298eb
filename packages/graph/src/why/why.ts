// Why something is not ready, as data: a walk from an object through what it waits for to the root cause. Pure.
import type { Condition, KubeObject } from '@stackwright/kube';
import { findCondition } from '@stackwright/core';
import type { ReconciledStatus } from '../status/status.js';
import type { ObjectReference } from '../declare/step.js';
import { rootOf, type Chain, type Link, type Observed, type WhyOptions } from './chain.js';
import { link, lookAtBuiltin, type Look } from './looks.js';

export function why(observed: Observed, object: ObjectReference, options: WhyOptions = {}): Chain {
  return walk(observed, object, options, new Set());
}

/** Trouble explains more than waiting, and waiting more than what is well. */
const severity: Record<Link['state'], number> = { Ready: 0, Waiting: 1, Failed: 2, Missing: 2 };

function walk(
  observed: Observed,
  reference: ObjectReference,
  options: WhyOptions,
  seen: ReadonlySet<Readonly<KubeObject> | undefined>,
): Chain {
  const object = observed.find(reference);
  if (!object) return [{ object: reference, state: 'Missing', reason: 'NotFound', message: 'does not exist' }];
  const look = lookAt(observed, object, options);
  // Waiting in a circle ends where it closes.
  const path = new Set(seen).add(object);
  const deeper = look.causes
    .filter((cause) => !path.has(observed.find(cause)))
    .map((cause) => walk(observed, cause, options, path));
  const worst = deeper.reduce<Chain | undefined>(
    (best, chain) =>
      best === undefined || severity[rootOf(chain).state] > severity[rootOf(best).state] ? chain : best,
    undefined,
  );
  return worst && rootOf(worst).state !== 'Ready' ? [look.link, ...worst] : [look.link];
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
  if (ready.status === 'True') return { link: link(object, 'Ready', reason, message, lastTransitionTime), causes: [] };
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
