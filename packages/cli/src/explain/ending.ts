// A namespace that is being deleted, and what keeps it.
import type { Condition } from '@stackwright/kube';
import type { Snapshot } from '../observe/snapshot.js';
import { age } from '../terminal/duration.js';
import { controllerOf } from './controllers.js';

/** As lines for people; undefined where it is not being deleted. */
export function endingOf(snapshot: Snapshot): string[] | undefined {
  const { home, namespace, ours, takenAt } = snapshot;
  const since = home?.metadata?.deletionTimestamp;
  if (since === undefined) return undefined;
  const held = ours.filter(({ metadata }) => metadata?.finalizers?.some((one) => /(^|\.)stackwright\.dev\//.test(one)));
  const lines = held.map((object) => {
    const controller = controllerOf(snapshot, object);
    const who = controller
      ? `its controller, ${controller.metadata?.name ?? ''}, takes it off`
      : 'its controller is gone';
    return `  ${object.kind ?? ''} ${object.metadata?.name ?? ''} has a finalizer; ${who}`;
  });
  const { conditions = [] } = (home as { status?: { conditions?: readonly Condition[] } }).status ?? {};
  const others = conditions
    .filter(({ type, status }) => status === 'True' && /Remaining$|Failure$/.test(type))
    .map(({ message }) => `  ${message}`);
  return [
    `Namespace ${namespace} is being deleted (${age(takenAt - Date.parse(since))}), with all that is in it.`,
    ...(lines.length > 0 ? lines : others),
    ...(lines.length > 0
      ? [
          `What helps:  stackwright -n ${namespace} uninstall --yes    lets them go, without undoing what they made outside`,
        ]
      : []),
  ];
}
