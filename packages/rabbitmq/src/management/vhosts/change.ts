// What has to change on a broker for a claim to have what it wants, and how that is done.
import { claimMark, isUserOf, markedOwner, ownershipOf } from '@stackwright/openstack';
import type { Management } from '../client.js';
import { hashingAlgorithm, passwordHash } from '../password-hash.js';
import { mayBeAnothers } from './observe.js';
import {
  everything,
  idInTags,
  idTag,
  limit,
  listOf,
  markOfTags,
  queueType,
  tagOf,
  type ObservedVhost,
  type UserAnswer,
  type VhostAnswer,
  type WantedUser,
  type WantedVhost,
} from './vhost.js';

export type VhostChange =
  /** With the tags that it has, and what stands beside its mark: those are others'. */
  | { kind: 'CreateVhost' | 'SetVhost'; description: string; tags: readonly string[]; isAnother?: boolean }
  | { kind: 'CreateUser' | 'SetUser' | 'Grant'; user: WantedUser }
  | { kind: 'LimitNotifications' }
  | { kind: 'DropUser'; user: Pick<WantedUser, 'username'> };

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
