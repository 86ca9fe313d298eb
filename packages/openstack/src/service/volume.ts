// A volume of the service's own, for data that no database holds. It outlives the object unless that asks otherwise.
import { Reason, type Storage } from '@stackwright/api';
import { done, failed, waiting, type GraphBuilder, type Outcome, type StepHandle } from '@stackwright/graph';
import { apiVersionOf, compareQuantities, PersistentVolumeClaim } from '@stackwright/kube';
import type { Release, ServiceObject, Volume, VolumeOptions } from './builder.js';
import { valueOf } from './container-options.js';

export function volumeStep<R extends ServiceObject>(
  g: GraphBuilder<R>,
  release: StepHandle<Release>,
  { name = 'Volume', path, storage }: VolumeOptions<R>,
): StepHandle<Volume> {
  return g.step({
    name,
    after: [release],
    owns: [PersistentVolumeClaim],
    run(scope): Outcome<Volume> {
      const claim = `${scope.name}-${name.toLowerCase()}`;
      const on = {
        apiVersion: apiVersionOf(PersistentVolumeClaim),
        kind: PersistentVolumeClaim.kind,
        name: claim,
        namespace: scope.namespace,
      };
      const wanted = valueOf(storage, scope);
      const there = scope.get(PersistentVolumeClaim, claim);
      const different = there && differenceOf(there, wanted);
      if (different)
        return failed(Reason.InvalidSpec, `PersistentVolumeClaim ${claim} is there and ${different}`, { on });

      const size = there?.spec?.resources?.requests?.['storage'] ?? wanted.size;
      const observed = scope.own(PersistentVolumeClaim, {
        metadata: { name: claim },
        spec: {
          accessModes: [wanted.accessMode],
          // One that was kept from an earlier object may be larger than this one asks for, and cannot shrink.
          resources: { requests: { storage: compareQuantities(size, wanted.size) > 0 ? size : wanted.size } },
          ...(wanted.className === undefined ? {} : { storageClassName: wanted.className }),
        },
      });
      if (!observed) return waiting(Reason.Pending, `PersistentVolumeClaim ${claim} is being created`, { on });
      // Not that it is bound: many classes wait with that for the first Pod, whose condition says what is wrong then.
      return done({ claim, mounts: [{ path, claim }], isShared: wanted.accessMode === 'ReadWriteMany' });
    },
  });
}

/** What cannot be changed of a volume, in words, where it is not as it is wanted. */
function differenceOf({ spec }: Readonly<PersistentVolumeClaim>, wanted: Storage): string | undefined {
  const modes = spec?.accessModes ?? [];
  if (!modes.includes(wanted.accessMode)) return `its access mode is ${modes.join(', ')}, not ${wanted.accessMode}`;
  const { storageClassName = '' } = spec ?? {};
  if (wanted.className !== undefined && wanted.className !== storageClassName)
    return `its StorageClass is "${storageClassName}", not "${wanted.className}"`;
  return undefined;
}
