// What a messaging claim means on a broker: what to look at, what to change, and whom a virtual host belongs to.
import { hashOf } from '@stackwright/graph';
import { annotations, MessagingClaim, Reason } from '@stackwright/api';
import {
  claimMark,
  isUserOf,
  markedOwner,
  ownershipOf,
  refuseForeign,
  Refused,
  type OwnershipEvidence,
} from '@stackwright/openstack';
import type { Management } from './client.js';
import { hashingAlgorithm, isHashOf, passwordHash } from './password-hash.js';

export interface WantedUser {
  username: string;
  password: string;
}

/** A virtual host with its users, as a claim wants them. */
export interface WantedVhost {
  vhost: string;
  /** Says on the broker whose they are: the claim's namespace and name. */
  owner: string;
  /** Of the one that the claim has had. */
  had?: HadVhost | undefined;
  /** What carries the claim's mark is known to be this claim's, and not that of another cluster where namespace and name are the same. */
  isKnown: boolean;
  /** Each may do everything on this virtual host, and nothing elsewhere. */
  users: readonly WantedUser[];
  /** Users of former passwords, to be dropped. */
  dropped: readonly WantedUser[];
}

interface ObservedUser {
  /** Whom its mark names; undefined: it has none. */
  mark: string | undefined;
  /** It takes the wanted password. */
  takesPassword: boolean;
  /** It has the wanted password and tags. */
  asWanted: boolean;
  /** It may do everything on the virtual host. */
  permitted: boolean;
}

export interface ObservedVhost {
  /** Its metadata; undefined when there is no such virtual host. */
  metadata: VhostMetadata | undefined;
  /** Undefined: it carries none. */
  id: string | undefined;
  /** Without an id, and without the permissions that the claim's users had: somebody has made it in the place of the claim's. */
  isAnother: boolean;
  /** Whether the limit of what nobody reads is there, as it is wanted. */
  isLimited: boolean;
  /** Of a virtual host that does not carry the claim's mark, or may not be the claim's all the same: whether it holds queues. */
  holdsQueues: boolean;
  /** Its mark may be that of another cluster's claim, as far as is known. */
  isUnknown: boolean;
  /** By name; those that exist. */
  users: ReadonlyMap<string, ObservedUser>;
}

interface VhostMetadata {
  description: string;
  tags: readonly string[];
  defaultQueueType: string;
}

export type VhostChange =
  /** With the tags that it has, and what stands beside its mark: those are others'. */
  | { kind: 'CreateVhost' | 'SetVhost'; description: string; tags: readonly string[]; isAnother?: boolean }
  | { kind: 'CreateUser' | 'SetUser' | 'Grant'; user: WantedUser }
  | { kind: 'LimitNotifications' }
  | { kind: 'DropUser'; user: Pick<WantedUser, 'username'> };

/** The broker takes any word for a tag, of up to 255 characters; those that it does not know permit nothing. */
const tagOf = (owner: string): string =>
  claimMark(owner).length <= 255 ? claimMark(owner) : claimMark(hashOf(owner, 32));

const markOfTags = (tags: readonly string[], owner: string): string | undefined =>
  tags.includes(tagOf(owner)) ? owner : tags.map(markedOwner).find((mark) => mark !== undefined);

/** The virtual host that a claim has had, by its id: a tag, which definitions carry along. */
export interface HadVhost {
  id: string;
  /** Somebody has said that another one may take its place. */
  isGivenUp: boolean;
}

const idPrefix = 'stackwright.dev/id=';
const idTag = (id: string): string => `${idPrefix}${id}`;
export const idInTags = (tags: readonly string[]): string | undefined =>
  tags.find((tag) => tag.startsWith(idPrefix))?.slice(idPrefix.length);

/**
 * Services tell of what they do, and mostly nobody listens: without a limit such queues fill the volume, and then the broker takes
 * no messages at all. Whoever reads them all, later, sets a policy of a higher priority.
 */
const limit = {
  name: 'stackwright-notifications',
  policy: {
    pattern: '^(versioned_)?notifications\\.',
    'apply-to': 'queues',
    priority: 0,
    definition: { 'max-length-bytes': 64 * 2 ** 20, 'message-ttl': 86_400_000, overflow: 'drop-head' },
  },
} as const;

/** Replicated where the broker has others to replicate to, and safe on disk where it has not. */
const queueType = 'quorum';

const everything = { configure: '.*', write: '.*', read: '.*' };

/** What the management API says; older brokers know fewer fields. */
export interface VhostAnswer {
  description?: string;
  tags?: string[] | string;
  default_queue_type?: string;
  cluster_state?: Record<string, string>;
}

interface UserAnswer {
  name: string;
  password_hash?: string;
  hashing_algorithm?: string;
  tags?: string[] | string;
}

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
async function mayBeAnothers(
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

export const listOf = (tags: string[] | string | undefined): string[] =>
  (Array.isArray(tags) ? tags : (tags ?? '').split(',')).map((tag) => tag.trim()).filter((tag) => tag !== '');

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
function refuseTaken(wanted: WantedVhost, observed: ObservedVhost): void {
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
function refuseLost({ vhost, owner, had }: WantedVhost, { id, isAnother, holdsQueues }: ObservedVhost): void {
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

/** What has to change, in the order in which it must happen. Resumable: each change alone leaves a state that leads on. */
export function changesOf(
  wanted: WantedVhost,
  { metadata, id, isAnother, isLimited, users }: ObservedVhost,
): VhostChange[] {
  const changes: VhostChange[] = [];
  const mark = claimMark(wanted.owner);
  if (metadata === undefined) changes.push({ kind: 'CreateVhost', description: mark, tags: [] });
  else {
    const isMarked = markedOwner(metadata.description) === wanted.owner;
    if (!isMarked || id === undefined || metadata.defaultQueueType !== queueType) {
      const description = isMarked ? metadata.description : mark;
      changes.push({ kind: 'SetVhost', description, tags: metadata.tags, isAnother });
    }
  }
  if (!isLimited) changes.push({ kind: 'LimitNotifications' });
  for (const user of wanted.users) {
    const observed = users.get(user.username);
    if (!observed) changes.push({ kind: 'CreateUser', user });
    else if (!observed.asWanted) changes.push({ kind: 'SetUser', user });
    if (!observed?.permitted) changes.push({ kind: 'Grant', user });
  }
  for (const { username } of wanted.dropped) {
    const observed = users.get(username);
    if (!observed) continue;
    const evidence = { mark: observed.mark, isProven: observed.takesPassword, isEmpty: false };
    if (ownershipOf(wanted.owner, evidence) === 'Owned') changes.push({ kind: 'DropUser', user: { username } });
  }
  return changes;
}

export function describeChange(change: VhostChange): string {
  switch (change.kind) {
    case 'CreateVhost':
      return 'Create the virtual host';
    case 'SetVhost':
      return "Set the virtual host's mark, its id and its default queue type";
    case 'LimitNotifications':
      return 'Limit what is kept of notifications that nobody reads';
    case 'CreateUser':
      return `Create the user ${change.user.username}`;
    case 'SetUser':
      return `Set password and tags of the user ${change.user.username}`;
    case 'Grant':
      return `Permit the user ${change.user.username} everything on the virtual host`;
    case 'DropUser':
      return `Delete the superseded user ${change.user.username}`;
  }
}

/** `newId`: for a virtual host that the claim has not had before. @throws BrokerError */
export async function applyChange(
  management: Management,
  { vhost, owner, had }: WantedVhost,
  change: VhostChange,
  newId: string,
): Promise<void> {
  switch (change.kind) {
    case 'CreateVhost':
    case 'SetVhost': {
      // What is made again has the id of before: whoever dies after this has not lost it.
      const id = had === undefined || had.isGivenUp ? newId : had.id;
      const tags = (idInTags(change.tags) === undefined ? [...change.tags, idTag(id)] : change.tags).join(',');
      const { description } = change;
      return management.put({ description, tags, default_queue_type: queueType }, 'vhosts', vhost);
    }
    case 'LimitNotifications':
      return management.put(limit.policy, 'policies', vhost, limit.name);
    case 'CreateUser':
    case 'SetUser': {
      const { username, password } = change.user;
      const hash = passwordHash(username, password);
      const user = { password_hash: hash, hashing_algorithm: hashingAlgorithm, tags: tagOf(owner) };
      return management.put(user, 'users', username);
    }
    case 'Grant':
      return management.put(everything, 'permissions', vhost, change.user.username);
    case 'DropUser':
      return management.delete('users', change.user.username);
  }
}

/** Deletes what is the claim's; what belongs to others stays, and so does what may. Safe to repeat. @throws BrokerError */
export async function dropVhost(
  management: Management,
  wanted: Pick<WantedVhost, 'vhost' | 'owner' | 'isKnown' | 'users'>,
): Promise<void> {
  const { vhost, owner } = wanted;
  const answer = await management.get<VhostAnswer>('vhosts', vhost);
  if (await mayBeAnothers(management, wanted, answer)) return;
  const isOwned = markedOwner(answer?.description) === owner;
  const users = (await management.get<UserAnswer[]>('users')) ?? [];
  // The users first: as long as the virtual host is there, its mark says whose the one of its name is.
  for (const { name, tags } of users.filter((user) => isUserOf(vhost, user.name))) {
    const evidence = { mark: markOfTags(listOf(tags), owner), isProven: isOwned && name === vhost, isEmpty: false };
    if (ownershipOf(owner, evidence) === 'Owned') await management.delete('users', name);
  }
  if (isOwned) await management.delete('vhosts', vhost);
}
