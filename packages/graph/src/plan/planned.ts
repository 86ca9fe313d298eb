// What planning one object brought, before it is told.
import type { KubeObject, ObjectKey, Resource } from '@stackwright/kube';
import type { Names } from '../declare/names.js';
import type { ObjectReference, Reconciled } from '../declare/step.js';
import type { Write } from '../evaluate/writes.js';
import type { Report } from '../write/reconcile.js';
import type { ShadowClient } from './shadow.js';

/** What is known of one object when all is planned. */
export interface Planned {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly before: Readonly<KubeObject> | undefined;
  readonly paused: boolean;
  readonly names: Names;
  readonly writes: readonly Write[];
  readonly shadow: ShadowClient['writes'];
  readonly removed: readonly string[];
  readonly last: Report<Reconciled> | undefined;
  readonly error: string | undefined;
  /** Of what is deleted: the data that stays. */
  readonly kept: readonly ObjectReference[];
}
