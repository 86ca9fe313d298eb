// What is torn down, and what of it holds data.
import { PersistentVolumeClaim, StatefulSet, type KubeObject, type Resource } from '@stackwright/kube';
import { isSameResource, type DeletionPolicy, type GraphOptions } from '../declare/graph.js';
import type { Reconciled } from '../declare/step.js';
import type { StepEvaluation } from '../evaluate/evaluate.js';
import type { ChildReader } from '../evaluate/overlay.js';
import type { Ownership } from '../evaluate/ownership.js';
import { unlessMissing } from '../evaluate/writes.js';
import type { WriteContext } from './context.js';
import type { ExternalContext, ExternalRunner } from './external.js';

export interface TeardownInput<R extends Reconciled> {
  /** All kinds that there may be children of. */
  owns: readonly Resource[];
  /** See `GraphOptions`. */
  volumes?: boolean;
  steps: readonly StepEvaluation<R>[];
  object: Readonly<R>;
  ownership: Ownership;
  policy: DeletionPolicy;
  reader: ChildReader;
  externals: ExternalRunner<R>;
  external: ExternalContext<R>;
  writing: Omit<WriteContext, 'upToDate' | 'wrote'>;
}

/**
 * What is retained has no ownerReference: labels find it, and its mark says whose it is. What an earlier version made and
 * nobody has marked since is nobody's to delete.
 */
export function retained<R extends Reconciled>(
  input: Pick<TeardownInput<R>, 'object' | 'ownership' | 'reader'>,
  resource: Resource,
): readonly Readonly<KubeObject>[] {
  return labelledAsRetained(input, resource).filter((one) => input.ownership.marked(resource, one) === 'Own');
}

/** Those that may be its own. */
export function labelledAsRetained<R extends Reconciled>(
  { object, ownership, reader }: Pick<TeardownInput<R>, 'object' | 'ownership' | 'reader'>,
  resource: Resource,
): readonly Readonly<KubeObject>[] {
  const namespace = object.metadata?.namespace;
  const labels = { ...ownership.labels, [ownership.names.label.retained]: 'true' };
  return unlessMissing(resource, () =>
    reader.list(resource, { ...(namespace === undefined ? {} : { namespace }), labels }),
  );
}

/** The kinds that there may be data of: StatefulSets make claims of volumes, which nobody else names. */
export function withVolumes(
  owns: readonly Resource[],
  { volumes = true }: Pick<GraphOptions<Reconciled>, 'volumes'>,
): readonly Resource[] {
  const hasVolumes =
    volumes &&
    owns.some((kind) => isSameResource(kind, StatefulSet)) &&
    !owns.some((kind) => isSameResource(kind, PersistentVolumeClaim));
  return hasVolumes ? [...owns, PersistentVolumeClaim] : owns;
}
