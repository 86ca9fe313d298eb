// The steps of an object, and all kinds that it may have children of.
import type { Resource } from '@stackwright/kube';
import type { BuiltGraph } from '../declare/graph.js';
import type { Reconciled } from '../declare/step.js';

export interface Built<R extends Reconciled> {
  built: BuiltGraph<R>;
  owns: readonly Resource[];
}
