import { createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Client } from '@stackwright/kube';
import { endpointOf, secretOf } from './identity.js';

/** Rows per table of Keystone's database: as Keystone's own user, by the Secret that its claim was given. */
export async function rowCounts(client: Client): Promise<Record<string, number>> {
  const { username = '', password = '', database = '' } = await secretOf(client, 'keystone-database-connection');
  const { host, port } = await endpointOf(client, 'mariadb');
  const connection = await createConnection({ host, port, user: username, password, database });
  try {
    const [tables] = await connection.query<RowDataPacket[]>(
      'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ?',
      [database],
    );
    const counts: Record<string, number> = {};
    for (const { name } of tables as { name: string }[]) {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT COUNT(*) AS count FROM ??', [name]);
      counts[name] = (rows as { count: number }[])[0]?.count ?? 0;
    }
    return counts;
  } finally {
    await connection.end();
  }
}

/** Names of the databases on the server, but for its own: as its administrator. */
export async function databasesOf(client: Client): Promise<string[]> {
  const connection = await asAdministrator(client);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')",
    );
    return (rows as { name: string }[]).map(({ name }) => name).sort();
  } finally {
    await connection.end();
  }
}

/** A user of the server is let in no more, or again; who is in is put out. */
export async function lockOut(client: Client, user: string, locked: boolean): Promise<void> {
  const connection = await asAdministrator(client);
  try {
    await connection.query(`ALTER USER ?@'%' ACCOUNT ${locked ? 'LOCK' : 'UNLOCK'}`, [user]);
    if (!locked) return;
    const [rows] = await connection.query<RowDataPacket[]>(
      'SELECT id FROM information_schema.processlist WHERE user = ?',
      [user],
    );
    for (const { id } of rows as { id: number }[])
      await connection.query('KILL CONNECTION ?', [id]).catch(() => undefined);
  } finally {
    await connection.end();
  }
}

async function asAdministrator(client: Client) {
  const { password = '' } = await secretOf(client, 'mariadb-root-password');
  const { host, port } = await endpointOf(client, 'mariadb');
  return createConnection({ host, port, user: 'root', password });
}
