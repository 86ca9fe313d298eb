// Pods that the API server does not take: a quota, a policy. Of a Deployment its status says so; of a StatefulSet, DaemonSet or Job nothing
// does but the Events of its controller, so these are watched, and no others.
import { CoreEvent, DaemonSet, Job, StatefulSet, type Resource } from '@stackwright/kube';
import type { Cache } from '@stackwright/core';
import { isSameResource } from '../declare/graph.js';

const reason = 'FailedCreate';
const byWorkload = 'workload';

/** Whether workloads of the kind say it nowhere else. */
export function saysInEvents(resource: Resource): boolean {
  return [StatefulSet, DaemonSet, Job].some((kind) => isSameResource(kind, resource));
}

export interface Refusals {
  /** What was said last, by the uid of the workload. Undefined also as long as nobody has listed the Events. */
  of(uid: string): string | undefined;
  /** Tells of each that is said: namespace, name and kind of the workload. */
  onSaid(tell: (workload: NonNullable<CoreEvent['involvedObject']>) => void): void;
}

export function watchRefusals(cache: Cache): Refusals {
  const informer = cache.informer(CoreEvent, { fieldSelector: `reason=${reason}` });
  if (!informer.hasIndex(byWorkload)) {
    informer.addIndex(byWorkload, ({ involvedObject }) => (involvedObject.uid ? [involvedObject.uid] : []));
  }
  return {
    of: (uid) => (informer.hasSynced() ? newestOf(informer.byIndex(byWorkload, uid)) : undefined),
    onSaid(tell) {
      const told = ({ involvedObject }: Readonly<CoreEvent>) => tell(involvedObject);
      informer.addHandler({ added: told, updated: told });
    },
  };
}

/** The message of the newest that says it. */
export function newestOf(events: readonly Readonly<CoreEvent>[]): string | undefined {
  const said = events.filter((event) => event.reason === reason);
  const [newest] = said.sort((one, other) => timeOf(other) - timeOf(one));
  return newest?.message;
}

function timeOf({ lastTimestamp, eventTime, metadata }: Readonly<CoreEvent>): number {
  return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
}
