// Why something of ours is not ready: the walk is the library's; here is what it cannot know of OpenStack and of how our
// controllers are installed.
import { stateOfReason } from '@stackwright/api';
import { whyAll, type Chain, type ObjectReference } from '@stackwright/graph';
import { groupOf, isOurGroup, referenceOf } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';
import { controllerOf, stalenessOf } from './controllers.js';

export function explain(snapshot: Snapshot, object: ObjectReference): Chain {
  return explainAll(snapshot, object)[0];
}

/** A chain for each cause that has nothing to do with the others, the one that `explain` gives first. */
export function explainAll(snapshot: Snapshot, object: ObjectReference): readonly [Chain, ...Chain[]] {
  return whyAll(snapshot, object, {
    isPatient: (reason) => stateOfReason(reason) !== 'Failed',
    isReconciled: ({ apiVersion }) => isOurGroup(groupOf(apiVersion)),
    controllerOf: (each) => {
      const controller = controllerOf(snapshot, each);
      return controller ? [referenceOf(controller)] : [];
    },
    staleness: (each) => stalenessOf(snapshot, each),
    line: withoutOsloPrefix,
  });
}

/** Date, process, level, logger and request in front of a line of oslo.log. */
const osloPrefix = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \d+ [A-Z]+ \S+(?: \[[^\]]*\])?/;

export const withoutOsloPrefix = (line: string): string => line.replace(osloPrefix, '');
