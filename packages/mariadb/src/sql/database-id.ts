// The id of a database, by which one that is lost, or another one of its name, is told from the one that a claim has had. It is in
// the comment of a table of ours: a backup carries that along, and it is read together with all else.
import { annotations, DatabaseClaim, Reason } from '@stackwright/api';
import type { Random } from '@stackwright/core';
import { Refused } from '@stackwright/openstack';
import type { Statement } from './admin.js';

/** It has no rows. */
export const idTable = 'stackwright_database';

const prefix = 'stackwright.dev/id=';

export const idComment = (id: string): string =>
  `${prefix}${id} - tells this database from others of its name; keep it in backups`;

/** Undefined where the comment has none. */
export const idIn = (comment: string): string | undefined => /(?:^|\s)stackwright\.dev\/id=(\S+)/.exec(comment)?.[1];

export const newDatabaseId = (random: Random): string => Buffer.from(random.bytes(16)).toString('hex');

export const lookAtId = (database: string): Statement => ({
  sql: 'SELECT TABLE_COMMENT AS comment FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
  values: [database, idTable],
});

/** Replaces a table of the name that has lost its comment: it holds nothing. */
export const writeId = (database: string, id: string): Statement => ({
  sql: 'CREATE OR REPLACE TABLE ??.?? (id INT NOT NULL PRIMARY KEY) COMMENT = ?',
  values: [database, idTable, idComment(id)],
});

/** What a claim has had: its database is there when it has this id. */
export interface Had {
  /** Undefined: a version of ours without ids has made it. */
  id: string | undefined;
  /** Somebody has said that another one may take its place. */
  isGivenUp: boolean;
}

/** What the annotation has to say of a database without an id. */
const noId = 'unknown';

type Claim = Pick<DatabaseClaim, 'metadata' | 'status'>;

/** `noted`: the id that is noted elsewhere than in status, which an object that was made again, or restored, has lost. */
export function hadBy({ metadata, status }: Readonly<Claim>, noted?: string): Had | undefined {
  const id = status?.databaseId ?? noted;
  // What was handed out before there were ids.
  if (id === undefined && status?.secretName === undefined) return undefined;
  return { id, isGivenUp: metadata?.annotations?.[annotations.acceptNewDatabase] === (id ?? noId) };
}

/** What is on a server under the name. */
export interface Found {
  exists: boolean;
  id: string | undefined;
}

export const isStillThere = ({ id }: Had, found: Found): boolean => (id === undefined ? found.exists : found.id === id);

/** @throws Refused where the database of a claim is lost, and nobody has given it up */
export function refuseLost(
  had: Had | undefined,
  found: Found,
  names: { database: string; owner: string; server: string },
): void {
  if (!had || had.isGivenUp || isStillThere(had, found)) return;
  const { database, owner, server } = names;
  const [namespace = '', name = ''] = owner.split('/');
  const what = `Database "${database}" was there, and `;
  const now = !found.exists
    ? `is not on ${server}`
    : found.id === undefined
      ? `the one of that name on ${server} does not carry its id ${had.id ?? noId}`
      : `the one of that name on ${server} has another id: ${found.id}`;
  const other = found.exists ? 'go on with what is there' : 'begin with an empty one';
  const accept = `${annotations.acceptNewDatabase}=${had.id ?? noId}`;
  throw new Refused(
    Reason.DatabaseLost,
    `${what}${now}. Nothing is made in its place: restore it from a backup; or, to ${other}: kubectl annotate ${DatabaseClaim.kind.toLowerCase()} -n ${namespace} ${name} ${accept}`,
  );
}
