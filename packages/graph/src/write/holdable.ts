// Which children stay as they were applied last.
import { Job, PersistentVolumeClaim, Secret } from '@stackwright/kube';
import { isSameResource } from '../declare/graph.js';
import type { Reconciled } from '../declare/step.js';
import type { Evaluation, StepEvaluation } from '../evaluate/evaluate.js';
import type { Write } from '../evaluate/writes.js';
import type { StepFailure } from '../status/failure.js';
import type { OwnedChild } from './children.js';
import type { HeldChild } from './held-record.js';

export type IsHeld = (child: Pick<HeldChild, 'resource' | 'key' | 'step'>) => boolean;

/** Which children no step says anything of that could; undefined where all say what they want. */
export function heldBy<R extends Reconciled>(
  { steps }: Pick<Evaluation<R>, 'steps'>,
  failures: ReadonlyMap<string, StepFailure>,
): IsHeld | undefined {
  const isSettled = ({ step, outcome }: StepEvaluation<R>) => outcome.state === 'Done' && !failures.has(step.name);
  if (steps.every(isSettled)) return undefined;
  const silent = new Set(steps.filter((one) => !isSettled(one)).map(({ step }) => step.name));
  const isWanted = ({ resource, key }: Pick<HeldChild, 'resource' | 'key'>) =>
    steps.some(({ scope }) =>
      scope.wants.some(
        (want) => want.name === key.name && want.namespace === key.namespace && isSameResource(want.resource, resource),
      ),
    );
  // Wanted otherwise, and not written: refused, or after what was. Then it is as it was, too.
  const isUnwritten = ({ resource, key, step: of }: Pick<HeldChild, 'resource' | 'key' | 'step'>) => {
    const failure = failures.get(of);
    if (!failure || failure.stale) return false;
    const isIt = ({ verb, name, namespace, resource: kind }: Write) =>
      verb === 'apply' && name === key.name && namespace === key.namespace && isSameResource(kind, resource);
    return steps.some(({ step, writes }) => step.name === of && writes.some(isIt));
  };
  return (child) => silent.has(child.step) && (isUnwritten(child) || !isWanted(child));
}

/** Not what holds data or secrets, which is nowhere else; nor what runs once. */
export function isHoldable({ resource }: OwnedChild): boolean {
  return ![Secret, PersistentVolumeClaim, Job].some((kind) => isSameResource(kind, resource));
}
