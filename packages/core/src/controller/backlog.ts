// In which order the backlog of a restart is worked off.
import type { KubeObject } from '@stackwright/kube';
import { lowPriority } from '../queue/work-queue.js';

/** Of objects that nobody has reconciled yet: after what happens now, before what only has to be looked at again. */
export const unseenPriority = lowPriority / 2;

/**
 * The priority of an object that was there at the start. Nearly all are as they should be and can wait; one that was made
 * or changed while nobody was there waits less. Its status tells: it says nothing at all, or of an older generation.
 */
export function priorityAtStart(object: Readonly<KubeObject>): number {
  const { metadata, status } = object as Readonly<KubeObject> & { status?: { observedGeneration?: number } };
  if (metadata?.generation === undefined) return lowPriority;
  if (status === undefined) return unseenPriority;
  const { observedGeneration = metadata.generation } = status;
  return observedGeneration === metadata.generation ? lowPriority : unseenPriority;
}
