// Whether a claim may have what there is under the name of its virtual host and of its users.
import { annotations, MessagingClaim, Reason } from '@stackwright/api';
import {
  claimMark,
  markedOwner,
  ownershipOf,
  refuseForeign,
  Refused,
  type OwnershipEvidence,
} from '@stackwright/openstack';
import type { ObservedVhost, WantedVhost } from './vhost.js';

/** Whoever changed the description by hand has not taken the virtual host away from its users. */
const vhostEvidence = (
  { users }: WantedVhost,
  { metadata, holdsQueues, isUnknown, users: observed }: ObservedVhost,
  owner: string,
): OwnershipEvidence => {
  const own = users.map(({ username }) => observed.get(username));
  return {
    mark: markedOwner(metadata?.description),
    isProven: !isUnknown && own.some((user) => user?.mark === owner && user.permitted),
    isEmpty: !holdsQueues,
  };
};

/** @throws Refused where the claim must not have the virtual host, or one of the users */
export function refuseTaken(wanted: WantedVhost, observed: ObservedVhost): void {
  const { vhost, owner } = wanted;
  const claim = MessagingClaim.kind;
  const evidence = vhostEvidence(wanted, observed, owner);
  const exists = observed.metadata !== undefined;
  if (exists) {
    refuseForeign(owner, evidence, {
      ...{ reason: Reason.VhostTaken, what: `Virtual host "${vhost}"`, holds: 'holds queues', claim },
      remedy: { handOver: `rabbitmqctl update_vhost_metadata ${vhost} --description '${claimMark(owner)}'` },
    });
  }
  if (observed.isUnknown) {
    const [namespace = '', name = ''] = owner.split('/');
    throw new Refused(
      Reason.VhostTaken,
      `Virtual host "${vhost}" or a user of it is in use by a ${claim} ${owner}, and this one of the same name knows no password ` +
        `there. It may be another cluster's. Choose another name; or, where it is this one's: ` +
        `kubectl annotate ${claim.toLowerCase()} -n ${namespace} ${name} ${annotations.acceptVirtualHost}=${vhost}`,
    );
  }
  const isOwned = exists && ownershipOf(owner, evidence) === 'Owned';
  for (const { username } of wanted.users) {
    const user = observed.users.get(username);
    if (!user) continue;
    // One without a mark may be anybody's: of the claim's own virtual host is who has been let in there.
    const isProven = user.takesPassword || (isOwned && user.permitted);
    refuseForeign(
      owner,
      { mark: user.mark, isProven, isEmpty: false },
      {
        ...{ reason: Reason.UserTaken, what: `User "${username}"`, holds: 'exists on the broker', claim },
        remedy: { otherwise: 'delete the user if nobody needs it' },
      },
    );
  }
}

/** @throws Refused where another one is in the place of what the claim has had, and nobody has given that up */
export function refuseLost({ vhost, owner, had }: WantedVhost, { id, isAnother, holdsQueues }: ObservedVhost): void {
  if (!had || had.isGivenUp || id === had.id || !(id !== undefined || (isAnother && holdsQueues))) return;
  const [namespace = '', name = ''] = owner.split('/');
  const what = id === undefined ? 'has none, and holds queues' : `has another one: ${id}`;
  throw new Refused(
    Reason.VhostLost,
    `Virtual host "${vhost}" had the id ${had.id}, and the one of that name on the broker ${what}. It is not taken: bring the one before ` +
      `back by its definitions, or delete the one that is there; or, to go on with that: kubectl annotate --overwrite ` +
      `${MessagingClaim.kind.toLowerCase()} -n ${namespace} ${name} ${annotations.acceptVirtualHost}=${had.id}`,
  );
}
