// What a write needs besides itself.
import type { Client, ObjectKey, Resource } from '@stackwright/kube';
import type { Logger, Random } from '@stackwright/core';
import type { Names } from '../declare/names.js';
import type { Amendment } from '../declare/step.js';
import type { UpToDateChildren } from '../evaluate/up-to-date.js';
import type { Overlay } from '../evaluate/overlay.js';
import type { Write } from '../evaluate/writes.js';
import type { StepMetrics } from '../status/metrics.js';

/** What the log says of a write. */
export interface WriteLine extends Pick<Write, 'step' | 'verb' | 'why'> {
  kind: string;
  child: string;
  /** What differed. */
  fields?: readonly string[];
  /** Who had changed it. */
  by?: readonly string[];
}

export interface WriteContext {
  client: Client;
  signal: AbortSignal;
  overlay: Overlay;
  names: Names;
  fieldManager: string;
  random: Random;
  metrics: StepMetrics;
  log: Logger;
  upToDate: UpToDateChildren;
  /** Told of a child that is there although the cache did not show it. */
  hidden: (resource: Resource, key: ObjectKey) => void;
  /** Told of each write that was made. */
  wrote: (write: Write, line: WriteLine) => void;
  /** Told of what somebody had changed, once it is set right; `managers` of the fields are empty where nobody knows. */
  repaired: (write: Write & { verb: 'apply' }, managers: readonly string[]) => void;
  /** Told of what was amended, where there is something to say about it. */
  amended: (event: NonNullable<Amendment['event']>) => void;
  /** Told of a change outside of which people should know. */
  told: (event: NonNullable<Amendment['event']>) => void;
}

export function keyOf({ name, namespace }: Pick<Write, 'name' | 'namespace'>): ObjectKey {
  return namespace === undefined ? { name } : { namespace, name };
}
