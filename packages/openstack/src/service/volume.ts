// A volume of the service's own, for data that no database holds. It outlives the object unless that asks otherwise.
import { Reason } from '@stackwright/api';
import { done, failed, waiting, type Outcome, type StatusScope, type StepHandle } from '@stackwright/graph';
import { apiVersionOf, PersistentVolumeClaim } from '@stackwright/kube';
import { differenceOf, volumeRequest } from '../workload/volume-size.js';
import type { ServiceObject, Volume, VolumeOptions } from './builder.js';
import { valueOf } from './container-options.js';
import type { Declaration } from './declaration.js';
import { partName } from './names.js';

export function volumeStep<R extends ServiceObject>(
  { g, release }: Declaration<R>,
  { name = 'Volume', path, storage }: VolumeOptions<R>,
): StepHandle<Volume> {
  return g.step({
    name,
    after: [release],
    owns: [PersistentVolumeClaim],
    run(scope): Outcome<Volume> {
      const claim = partName(scope.name, name);
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

      const { storage: amount, warning } = volumeRequest(there, wanted);
      const observed = scope.own(PersistentVolumeClaim, {
        metadata: { name: claim },
        spec: {
          accessModes: [wanted.accessMode],
          resources: { requests: { storage: amount } },
          ...(wanted.className === undefined ? {} : { storageClassName: wanted.className }),
        },
      });
      if (!observed) return waiting(Reason.Pending, `PersistentVolumeClaim ${claim} is being created`, { on });
      // Not that it is bound: many classes wait with that for the first Pod, whose condition says what is wrong then.
      const capacity = observed.status?.capacity?.['storage'];
      const volume = {
        ...{ claim, mounts: [{ path, claim }], isShared: wanted.accessMode === 'ReadWriteMany' },
        ...(capacity === undefined ? {} : { capacity }),
      };
      return done(volume, warning ? { warning } : {});
    },
  });
}

/** `status.storage`: what it has, which nobody can take away again; as last known. */
export function volumeStatus<R extends ServiceObject>(
  { object, output }: Pick<StatusScope<R>, 'object' | 'output'>,
  step: StepHandle<Volume>,
): { storage?: string } {
  const volume = output(step);
  const before = (object.status as { storage?: string } | undefined)?.storage;
  const storage = volume ? (volume.capacity ?? '0') : before;
  return storage === undefined ? {} : { storage };
}
