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

/**
 * The id of a database is followed by how often it has moved: "5f…3a.2". A copy that stays behind is known by that: it is the same
 * database, and what was written since then is not in it.
 */
const movesOf = (id: string): { database: string; moves: number } => {
  const [database = '', moves = '0'] = id.split('.');
  return { database, moves: Number(moves) };
};

/** After another move. */
export function movedId(id: string): string {
  const { database, moves } = movesOf(id);
  return `${database}.${moves + 1}`;
}

/** Whether what carries an id is what a claim has had; its status may not know yet of the last move. */
export const carries = (had: string, found: string | undefined): boolean => found === had || found === movedId(had);

const isEarlierCopy = (had: string, found: string): boolean =>
  movesOf(found).database === movesOf(had).database && movesOf(found).moves < movesOf(had).moves;

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

/** In one step: whoever looks in between would miss the id. */
export const changeId = (database: string, id: string): Statement => ({
  sql: 'ALTER TABLE ??.?? COMMENT = ?',
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

/** Whether somebody has said of a claim that has had none yet that the database of this id is its own. */
export const isAccepted =
  ({ metadata }: Readonly<Claim>) =>
  (id: string | undefined): boolean =>
    metadata?.annotations?.[annotations.acceptNewDatabase] === (id ?? noId);

/** How to say it. */
export function howToAccept(owner: string, id: string | undefined): string {
  const [namespace = '', name = ''] = owner.split('/');
  return `kubectl annotate ${DatabaseClaim.kind.toLowerCase()} -n ${namespace} ${name} ${annotations.acceptNewDatabase}=${id ?? noId}`;
}

export const isStillThere = ({ id }: Had, found: Found): boolean =>
  id === undefined ? found.exists : carries(id, found.id);

/** @throws Refused where the database of a claim is lost, and nobody has given it up */
export function refuseLost(
  had: Had | undefined,
  found: Found,
  names: { database: string; owner: string; server: string },
): void {
  if (!had || had.isGivenUp || isStillThere(had, found)) return;
  const { database, owner, server } = names;
  const what = `Database "${database}" was there, and `;
  const now = !found.exists
    ? `is not on ${server}`
    : found.id === undefined
      ? `the one of that name on ${server} does not carry its id ${had.id ?? noId}`
      : had.id !== undefined && isEarlierCopy(had.id, found.id)
        ? `what is on ${server} is a copy of before it moved from there, without what was written since: ${found.id}`
        : `the one of that name on ${server} has another id: ${found.id}`;
  const other = found.exists ? 'go on with what is there' : 'begin with an empty one';
  throw new Refused(
    Reason.DatabaseLost,
    `${what}${now}. Nothing is made in its place: restore it from a backup; or, to ${other}: ${howToAccept(owner, had.id)}`,
  );
}
