// Files that Pods mount, in Secrets and ConfigMaps that never change: other content is another object, named by its hash. So each
// Pod has the files of its own template, however late it starts, on whatever node, and after whatever was rolled out or
// taken back since.
import type { Desired, Reconciled, StepScope } from '@stackwright/graph';
import type { ConfigMap, KubeObject, Resource, Secret } from '@stackwright/kube';
import type { ObjectPods } from './object-pods.js';

/** The name is `<base>-<first eight digits of the hash>`. */
export const versionName = (base: string, hash: string): string => `${base}-${hash.slice(0, 8)}`;

/**
 * Wants the version of `desired.metadata.name` that has this hash, and those before it as long as Pods may be started that mount
 * them. Others are pruned. The step declares the kind in `owns`, and reads `pods.reads()`. Returns the version as last observed.
 */
export function wantVersion<R extends Reconciled, T extends Secret | ConfigMap>(
  scope: StepScope<R>,
  pods: ObjectPods,
  resource: Resource<T>,
  desired: Desired<T>,
  hash: string,
): Readonly<T> | undefined {
  const base = desired.metadata.name;
  const name = versionName(base, hash);
  keepVersions(scope, pods, resource, base, name);
  return scope.own(resource, { ...desired, metadata: { ...desired.metadata, name }, immutable: true });
}

/** The same where no version is wanted any more. `current`: one that is wanted anyhow. */
export function keepVersions<R extends Reconciled, T extends Secret | ConfigMap>(
  scope: StepScope<R>,
  pods: ObjectPods,
  resource: Resource<T>,
  base: string,
  current?: string,
): void {
  const older = versionsOf(scope, resource, base).filter(({ metadata }) => metadata?.name !== current);
  if (older.length === 0) return;
  const isKept = mayBeMounted(scope, pods);
  for (const version of older) if (isKept(version)) scope.keep(resource, version);
}

/** All versions that there are, in no order. */
export function versionsOf<R extends Reconciled, T extends KubeObject>(
  scope: StepScope<R>,
  resource: Resource<T>,
  base: string,
): readonly Readonly<T>[] {
  return scope.list(resource, { labels: scope.labels }).filter((object) => {
    const { name = '', deletionTimestamp } = object.metadata ?? {};
    const isVersion = name.startsWith(`${base}-`) && /^[0-9a-f]{8}$/.test(name.slice(base.length + 1));
    return isVersion && !deletionTimestamp && scope.isOwn(resource, object);
  });
}

/**
 * Whether Pods run with it, or can be started with it: by what is there now, and by the revisions of a workload that one may go
 * back to. While one is rolled out it is not known yet what it will start, and nothing is said to be unused.
 */
function mayBeMounted<R extends Reconciled>(
  scope: StepScope<R>,
  pods: ObjectPods,
): (version: Readonly<KubeObject>) => boolean {
  const there = pods.of(scope);
  if (!there.workloads.every(({ isRolledOut }) => isRolledOut)) return () => true;

  const templates = [
    ...there.workloads.map(({ template }) => template),
    ...there.tasks,
    ...there.earlier,
    ...there.pods,
  ];
  const volumes = templates.flatMap(({ spec }) => spec?.volumes ?? []);
  const mounted = new Set(volumes.map(({ secret, configMap }) => secret?.secretName ?? configMap?.name));
  return ({ metadata }) => mounted.has(metadata?.name);
}
