// What there is on a broker of what a claim wants.
import { isUserOf, markedOwner, Refused } from '@stackwright/openstack';
import type { Management } from '../client.js';
import { hashingAlgorithm, isHashOf } from '../password-hash.js';
import { refuseLost, refuseTaken } from './judge.js';
import {
  everything,
  idInTags,
  limit,
  listOf,
  markOfTags,
  tagOf,
  type ObservedUser,
  type ObservedVhost,
  type UserAnswer,
  type VhostAnswer,
  type VhostMetadata,
  type WantedUser,
  type WantedVhost,
} from './vhost.js';

/** @throws BrokerError; Refused when the broker cannot serve the virtual host, or the claim must not have it */
export async function observeVhost(management: Management, wanted: WantedVhost): Promise<ObservedVhost> {
  const { vhost } = wanted;
  const answer = await management.get<VhostAnswer>('vhosts', vhost);
  const users = new Map<string, ObservedUser>();
  for (const user of [...wanted.users, ...wanted.dropped]) {
    const observed = await observeUser(management, wanted, user, answer !== undefined);
    if (observed) users.set(user.username, observed);
  }
  const metadata = answer && metadataOf(answer);
  const id = metadata && idInTags(metadata.tags);
  const isPermitted = wanted.users.some(({ username }) => users.get(username)?.permitted);
  const isAnother = metadata !== undefined && id === undefined && wanted.had !== undefined && !isPermitted;
  const unmarked = metadata !== undefined && markedOwner(metadata.description) !== wanted.owner;
  const holdsQueues = (unmarked || isAnother) && (await hasQueues(management, vhost));
  const isUnknown = await mayBeAnothers(management, wanted, answer);
  const policy = answer && (await management.get<PolicyAnswer>('policies', vhost, limit.name));
  const observed = { metadata, id, isAnother, isLimited: isLimit(policy), holdsQueues, isUnknown, users };
  refuseTaken(wanted, observed);
  refuseLost(wanted, observed);
  const down = Object.entries(answer?.cluster_state ?? {}).filter(([, state]) => state !== 'running');
  if (down.length > 0) {
    const nodes = down.map(([node]) => node).join(', ');
    throw new Refused(
      'BrokerFailed',
      `Virtual host "${vhost}" does not run on ${nodes}; there: rabbitmqctl restart_vhost --vhost ${vhost}`,
    );
  }
  return observed;
}

const hasQueues = async (management: Management, vhost: string): Promise<boolean> =>
  ((await management.get<unknown[]>('queues', vhost)) ?? []).length > 0;

/**
 * Whether something in use carries the mark of a claim that does not know it, nor any password there: it may be of another cluster,
 * where namespace and name are the same. What holds nothing, and has no users, is what the claim itself had begun.
 */
export async function mayBeAnothers(
  management: Management,
  { vhost, owner, isKnown, users }: Pick<WantedVhost, 'vhost' | 'owner' | 'isKnown' | 'users'>,
  answer: VhostAnswer | undefined,
): Promise<boolean> {
  if (isKnown) return false;
  const there = ((await management.get<UserAnswer[]>('users')) ?? []).filter(({ name }) => isUserOf(vhost, name));
  const takesOne = users.some(({ username, password }) =>
    there.some((user) => user.name === username && takes(user, password)),
  );
  if (takesOne) return false;
  if (there.some(({ tags }) => markOfTags(listOf(tags), owner) === owner)) return true;
  if (markedOwner(answer?.description) !== owner) return false;
  return there.some(({ name }) => name === vhost) || (await hasQueues(management, vhost));
}

const takes = ({ hashing_algorithm: algorithm, password_hash: hash = '' }: UserAnswer, password: string): boolean =>
  password !== '' && algorithm === hashingAlgorithm && isHashOf(hash, password);

interface PolicyAnswer {
  pattern?: string;
  'apply-to'?: string;
  definition?: Readonly<Record<string, unknown>>;
}

function isLimit(policy: PolicyAnswer | undefined): boolean {
  const { pattern, definition, 'apply-to': kinds } = limit.policy;
  const entries = Object.entries(policy?.definition ?? {});
  return (
    policy?.pattern === pattern &&
    policy['apply-to'] === kinds &&
    entries.length === Object.keys(definition).length &&
    entries.every(([name, value]) => definition[name as keyof typeof definition] === value)
  );
}

async function observeUser(
  management: Management,
  { vhost, owner }: WantedVhost,
  { username, password }: WantedUser,
  vhostExists: boolean,
): Promise<ObservedUser | undefined> {
  const user = await management.get<UserAnswer>('users', username);
  if (!user) return undefined;
  const permissions = vhostExists ? await management.get<typeof everything>('permissions', vhost, username) : undefined;
  const tags = listOf(user.tags);
  const takesPassword = takes(user, password);
  return {
    mark: markOfTags(tags, owner),
    takesPassword,
    asWanted: takesPassword && tags.length === 1 && tags[0] === tagOf(owner),
    permitted: Object.entries(everything).every(
      ([what, all]) => permissions?.[what as keyof typeof everything] === all,
    ),
  };
}

const metadataOf = ({ description = '', tags, default_queue_type: type = '' }: VhostAnswer): VhostMetadata => ({
  description,
  tags: listOf(tags),
  defaultQueueType: type,
});
