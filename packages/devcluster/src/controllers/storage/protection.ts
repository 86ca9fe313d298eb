import type { ObjectKey, PersistentVolumeClaim, Pod } from '@stackwright/kube';
import { isFinished } from '../../shared/pods.js';
import type { Stored } from '../../shared/objects.js';
import type { Context } from '../context.js';
import { Loop } from '../loop.js';

export const PVC_PROTECTION = 'kubernetes.io/pvc-protection';

/** A claim that a Pod uses is not deleted under it: the finalizer goes when the last such Pod has. */
export function claimProtectionController({ stores, clock, log }: Context): Loop {
  const { claims, pods } = stores;
  const loop = new Loop({ name: 'claim-protection', reconcile, clock, log });

  claims.onChange(({ object }) => loop.add(object));
  pods.onChange(({ object, deleted }) => {
    if (!deleted && !isFinished(object)) return;
    for (const name of claimsOf(object)) loop.add({ namespace: object.metadata.namespace, name });
  });
  return loop;

  async function reconcile(key: ObjectKey): Promise<void> {
    const claim = claims.get(key);
    if (!claim) return;
    const held = claim.metadata.finalizers?.includes(PVC_PROTECTION) ?? false;
    if (!claim.metadata.deletionTimestamp) {
      if (!held) await writeFinalizers(claim, [...(claim.metadata.finalizers ?? []), PVC_PROTECTION]);
      return;
    }
    const used = pods
      .list(key.namespace)
      .some((pod) => claimsOf(pod).includes(key.name) && !isFinished(pod) && pod.spec?.nodeName);
    if (held && !used)
      await writeFinalizers(claim, claim.metadata.finalizers?.filter((name) => name !== PVC_PROTECTION) ?? []);
  }

  async function writeFinalizers(claim: Stored<PersistentVolumeClaim>, finalizers: string[]): Promise<void> {
    const { uid, resourceVersion } = claim.metadata;
    await claims.patch(claim.metadata, { metadata: { uid, resourceVersion, finalizers } });
    if (claim.metadata.deletionTimestamp) await claims.refresh(claim);
  }
}

function claimsOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
}
