// What every step of a service is declared with.
import type { GraphBuilder, StepHandle } from '@stackwright/graph';
import type { ObjectPods } from '../workload/object-pods.js';
import type { Release, ServiceObject } from './builder.js';

export interface Declaration<R extends ServiceObject> {
  g: GraphBuilder<R>;
  /** "placement". */
  service: string;
  /** Every step comes after it. */
  release: StepHandle<Release>;
  pods: ObjectPods;
}
