// A virtual host with its users: as a claim wants it, as it was found, and how things are called on the broker.
import { hashOf } from '@stackwright/graph';
import { claimMark, markedOwner } from '@stackwright/openstack';

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

/** The virtual host that a claim has had, by its id: a tag, which definitions carry along. */
export interface HadVhost {
  id: string;
  /** Somebody has said that another one may take its place. */
  isGivenUp: boolean;
}

export interface ObservedUser {
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

export interface VhostMetadata {
  description: string;
  tags: readonly string[];
  defaultQueueType: string;
}

/** The broker takes any word for a tag, of up to 255 characters; those that it does not know permit nothing. */
export const tagOf = (owner: string): string =>
  claimMark(owner).length <= 255 ? claimMark(owner) : claimMark(hashOf(owner, 32));

export const markOfTags = (tags: readonly string[], owner: string): string | undefined =>
  tags.includes(tagOf(owner)) ? owner : tags.map(markedOwner).find((mark) => mark !== undefined);

const idPrefix = 'stackwright.dev/id=';
export const idTag = (id: string): string => `${idPrefix}${id}`;
export const idInTags = (tags: readonly string[]): string | undefined =>
  tags.find((tag) => tag.startsWith(idPrefix))?.slice(idPrefix.length);

/**
 * Services tell of what they do, and mostly nobody listens: without a limit such queues fill the volume, and then the broker takes
 * no messages at all. Whoever reads them all, later, sets a policy of a higher priority.
 */
export const limit = {
  name: 'stackwright-notifications',
  policy: {
    pattern: '^(versioned_)?notifications\\.',
    'apply-to': 'queues',
    priority: 0,
    definition: { 'max-length-bytes': 64 * 2 ** 20, 'message-ttl': 86_400_000, overflow: 'drop-head' },
  },
} as const;

/** Replicated where the broker has others to replicate to, and safe on disk where it has not. */
export const queueType = 'quorum';

export const everything = { configure: '.*', write: '.*', read: '.*' };

/** What the management API says; older brokers know fewer fields. */
export interface VhostAnswer {
  description?: string;
  tags?: string[] | string;
  default_queue_type?: string;
  cluster_state?: Record<string, string>;
}

export interface UserAnswer {
  name: string;
  password_hash?: string;
  hashing_algorithm?: string;
  tags?: string[] | string;
}

export const listOf = (tags: string[] | string | undefined): string[] =>
  (Array.isArray(tags) ? tags : (tags ?? '').split(',')).map((tag) => tag.trim()).filter((tag) => tag !== '');
