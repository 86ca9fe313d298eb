// Events about objects, as `kubectl describe` shows them.
import type { KubeObject } from '@stackwright/kube';

export interface EventDetails {
  type: 'Normal' | 'Warning';
  /** PascalCase, stable, part of the API. At most 128 bytes. */
  reason: string;
  /** What the controller did or tried: "Reconcile", "Delete", "CreateJob". PascalCase. At most 128 bytes. */
  action: string;
  /** For people; no secrets. Cut at 1,024 bytes, which is what the API counts. */
  note: string;
}

/**
 * Never blocks, never fails: events are sent in the background and dropped when the server refuses them. The same
 * event within 6 minutes becomes a series; of an object's warnings, and of its other events, more than 25 at once and then one
 * each 5 minutes are dropped.
 * Record on transitions, never while polling.
 */
export interface EventRecorder {
  /** `regarding` carries apiVersion, kind and metadata, as every object of the cache does. */
  record(regarding: Readonly<KubeObject>, event: EventDetails, related?: Readonly<KubeObject>): void;
}
