// What a walk to a root cause sees, and what it tells.
import type { KubeObject } from '@stackwright/kube';
import type { ObjectReference } from '../declare/step.js';

export interface Link {
  object: ObjectReference;
  /** `Unknown`: it was Ready when somebody looked last, and nobody looks any more. */
  state: 'Ready' | 'Waiting' | 'Failed' | 'Missing' | 'Unknown';
  reason: string;
  message: string;
  /** When the state was entered, RFC 3339, where that is known. */
  since?: string;
  /** The step of a reconciled object that its reason is of. */
  step?: string;
  /** The container that a Pod's trouble is in. */
  container?: string;
  /** Its last words are in the log of the run before. */
  restarted?: boolean;
}

/** From what was asked about to the root cause, which is the last. */
export type Chain = readonly [Link, ...Link[]];

export const rootOf = (chain: Chain): Link => chain[chain.length - 1] ?? chain[0];

/** Everything that a chain may lead through, as it was seen: a snapshot, or a cache. */
export interface Observed {
  /** By group, kind and name. */
  find(reference: ObjectReference): Readonly<KubeObject> | undefined;
  list<T extends KubeObject>(kind: string): readonly T[];
}

export interface WhyOptions {
  /** Whether with this reason nothing is wrong yet: something else has to happen first. Default: always. */
  isPatient?: (reason: string) => boolean;
  /** Whether some controller should write a `Ready` condition into it. Default: it has one, or waits for something. */
  isReconciled?: (object: Readonly<KubeObject>) => boolean;
  /** What runs the controller of an object: blamed where the object itself waits for nothing. Default: nobody knows. */
  controllerOf?: (object: Readonly<KubeObject>) => readonly ObjectReference[];
  /**
   * Why what an object's status says may be out of date: its controller does not run. Default: it never is. `since`: RFC 3339.
   */
  staleness?: (object: Readonly<KubeObject>) => { message: string; since?: string } | undefined;
  /** Takes from a line of a log what stands in front of its words. Default: nothing. */
  line?: (text: string) => string;
}
