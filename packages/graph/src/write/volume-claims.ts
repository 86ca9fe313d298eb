// Claims of volumes that StatefulSets have made: whose they are is on the template that they are made of. One that an earlier
// version applied has no mark, and no template can ever be changed.
import { PersistentVolumeClaim, StatefulSet, isNotFound, type KubeObject } from '@stackwright/kube';
import { claimName } from '../declare/mark.js';
import type { Reconciled } from '../declare/step.js';
import { childrenOf } from '../evaluate/writes.js';
import { labelledAsRetained, type TeardownInput } from './retained.js';

/**
 * Marks those of the owner's StatefulSets, which are known by name as long as these are there: Kubernetes itself would give no
 * other claims to their Pods.
 */
export async function markClaims<R extends Reconciled>(input: TeardownInput<R>): Promise<void> {
  const { object, ownership, reader, writing } = input;
  const sets = childrenOf(reader, StatefulSet, object.metadata?.uid ?? '').filter((set) =>
    ownership.isOwn(StatefulSet, set),
  );
  const names = new Set(sets.flatMap((set) => claimsOf(set as Readonly<StatefulSet>)));
  if (names.size === 0) return;
  for (const claim of labelledAsRetained(input, PersistentVolumeClaim)) {
    const { name = '', namespace, uid, resourceVersion } = claim.metadata ?? {};
    const isOfSet = names.has(name.replace(/-\d+$/, '-*')) && ownership.marked(PersistentVolumeClaim, claim) === 'None';
    if (!isOfSet) continue;
    const annotations = { [ownership.names.annotation.owner]: ownership.markFor(PersistentVolumeClaim, claim) };
    const body = { metadata: { uid, resourceVersion, annotations } };
    const key = namespace === undefined ? { name } : { namespace, name };
    writing.metrics.wrote(PersistentVolumeClaim, 'patch');
    try {
      const { signal, fieldManager } = writing;
      await writing.client.patch(PersistentVolumeClaim, key, { type: 'merge', body }, { signal, fieldManager });
    } catch (error) {
      // Not as it was: it is looked at again, before the StatefulSet goes by which it is known.
      if (!isNotFound(error)) throw error;
    }
  }
}

function claimsOf({ metadata, spec }: Readonly<StatefulSet>): string[] {
  return (spec?.volumeClaimTemplates ?? []).map((template: Readonly<KubeObject>) =>
    claimName(template.metadata?.name ?? '', metadata?.name ?? ''),
  );
}
