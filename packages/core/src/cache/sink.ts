// What a reflector tells, and to whom.
import type { KubeObject } from '@stackwright/kube';

/** Takes what the server says, in the order of its changes. While a promise is pending, nothing else is told. */
export interface ReflectorSink<T extends KubeObject> {
  /** The whole truth: what is not among `objects` is gone. */
  replace(objects: Iterable<T>, resourceVersion: string): Promise<void>;
  changed(object: T): void;
  deleted(object: T): void;
  /** Nothing changed up to this version. */
  progressed(resourceVersion: string): void;
  /** The cluster does not serve the kind, or does not any more: nothing is known of it until the next `replace`. */
  missing(): Promise<void>;
  /** The state could not be read; after a while that is tried again. */
  failed(): void;
}

/** Why a watch was begun anew. `behind`: it did not tell what a list had shown. */
export type RestartReason = 'ended' | 'idle' | 'short' | 'throttled' | 'connection' | 'expired' | 'behind' | 'error';

/** What metrics want to know. */
export interface ReflectorObserver {
  /** The state was read anew because a watch could not go on. */
  relisted(): void;
  restarted(reason: RestartReason): void;
  received(): void;
}
