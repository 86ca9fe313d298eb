// What has to be on a broker before it may take the place of the one that claims stand on.
import { MessagingClaim } from '@stackwright/api';
import { claimMark, markedOwner } from '@stackwright/openstack';
import type { Management } from './client.js';
import { idInTags, listOf, type VhostAnswer } from './vhosts/vhost.js';

/** The virtual hosts of fulfilled claims that are not on the broker, or not theirs, in words. @throws BrokerError */
export async function vhostsNotOn(
  management: Management,
  claims: readonly Readonly<MessagingClaim>[],
): Promise<string[]> {
  const missing: string[] = [];
  for (const { metadata, spec, status } of claims) {
    if (status?.secretName === undefined || metadata?.deletionTimestamp) continue;
    const { namespace = '', name = '' } = metadata ?? {};
    const owner = `${namespace}/${name}`;
    const vhost = await management.get<VhostAnswer>('vhosts', spec.vhost);
    // One that was made there by hand has no id, and none of before.
    const id = vhost && idInTags(listOf(vhost.tags));
    const isAnother = id !== undefined && status.vhostId !== undefined && id !== status.vhostId;
    if (markedOwner(vhost?.description) === owner && !isAnother) continue;
    missing.push(
      `virtual host "${spec.vhost}" with the description '${claimMark(owner)}' (${MessagingClaim.kind} ${name})`,
    );
  }
  return missing;
}
