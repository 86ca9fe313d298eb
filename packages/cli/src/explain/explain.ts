// Why something of ours is not ready: the walk is the library's; here is what it cannot know of OpenStack and of how our
// controllers are installed.
import { stateOfReason } from '@stackwright/api';
import { why, type Chain, type ObjectReference } from '@stackwright/graph';
import type { Deployment, KubeObject } from '@stackwright/kube';
import { reconcilesAnnotation } from '../manifests/labels.js';
import { groupOf, isOurGroup, referenceOf } from '../observe/objects.js';
import type { Snapshot } from '../observe/snapshot.js';

export function explain(snapshot: Snapshot, object: ObjectReference): Chain {
  return why(snapshot, object, {
    isPatient: (reason) => stateOfReason(reason) !== 'Failed',
    isReconciled: ({ apiVersion }) => isOurGroup(groupOf(apiVersion)),
    controllerOf: (each) => controllerOf(snapshot, each),
    line: withoutOsloPrefix,
  });
}

/** The Deployment of the controller that reconciles such objects, as `stackwright manifests` makes it. */
function controllerOf(snapshot: Snapshot, object: Readonly<KubeObject>): ObjectReference[] {
  const kind = `${object.kind ?? ''}.${groupOf(object.apiVersion)}`;
  const deployment = snapshot
    .list<Deployment>('Deployment')
    .find(({ metadata }) => metadata?.annotations?.[reconcilesAnnotation]?.split(',').includes(kind));
  return deployment ? [referenceOf(deployment)] : [];
}

/** Date, process, level, logger and request in front of a line of oslo.log. */
const osloPrefix = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \d+ [A-Z]+ \S+(?: \[[^\]]*\])?/;

export const withoutOsloPrefix = (line: string): string => line.replace(osloPrefix, '');
