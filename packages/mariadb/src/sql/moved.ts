// What has to be on a server before it may take the place of the one that claims stand on.
import { DatabaseClaim } from '@stackwright/api';
import { markedOwner } from '@stackwright/openstack';
import type { SqlAdmin, SqlLogin } from './admin.js';
import { hadBy, idIn, isStillThere, lookAtId } from './database-id.js';
import { lookAtDatabase, text } from './databases.js';

/** The databases of fulfilled claims that are not on the server, in words; those that somebody has given up are not missed. @throws SqlError */
export async function databasesNotOn(
  sql: SqlAdmin,
  login: SqlLogin,
  claims: readonly Readonly<DatabaseClaim>[],
  signal: AbortSignal,
): Promise<string[]> {
  const wanted = claims.flatMap((claim) => {
    const had = hadBy(claim);
    return !had || had.isGivenUp || claim.metadata?.deletionTimestamp ? [] : [{ claim, had }];
  });
  if (wanted.length === 0) return [];
  const looks = wanted.flatMap(({ claim: { spec } }) => [lookAtDatabase(spec.database), lookAtId(spec.database)]);
  const rows = await sql.run(login, looks, signal);
  return wanted.flatMap(({ claim: { metadata, spec }, had }, index) => {
    const comment = (look: number) => text(rows[2 * index + look]?.[0]?.['comment']);
    const isOurs = markedOwner(comment(0)) === `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
    if (isStillThere(had, { exists: isOurs, id: idIn(comment(1)) })) return [];
    const id = had.id === undefined ? '' : ` with the id ${had.id}`;
    return [`database "${spec.database}"${id} (${DatabaseClaim.kind} ${metadata?.name ?? ''})`];
  });
}
