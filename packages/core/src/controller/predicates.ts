// Which events of a watch reach the queue. A predicate that drops too much makes changes invisible: generationChanged
// hides changes of labels, annotations and status.
import type { KubeObject } from '@stackwright/kube';

export interface Predicate<T extends KubeObject = KubeObject> {
  created(object: Readonly<T>): boolean;
  updated(object: Readonly<T>, previous: Readonly<T>): boolean;
  deleted(object: Readonly<T>): boolean;
}
