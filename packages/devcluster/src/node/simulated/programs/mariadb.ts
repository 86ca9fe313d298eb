// A server that speaks MariaDB's protocol and knows databases, users and grants, which it keeps in the data volume.
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createConnection, type Connection } from 'mysql2';
import type { Program, ProgramContext } from '../program.js';
import type { SqlFailure } from './mariadb-database.js';
import { SimulatedDatabase } from './mariadb-database.js';
import { serve } from './serve.js';

const PORT = 3306;
const DATA = '/var/lib/mysql';
/** Of mysql2's constants: utf8mb4_general_ci. */
const UTF8MB4 = 45;

export const mariadb: Program = async (context) => {
  const volume = context.path(DATA);
  const database = new SimulatedDatabase(volume === undefined ? undefined : join(volume, 'simulated.json'));
  runInitFile(database, context);
  const server = createServer((socket) => greet(socket, database));
  await serve(server, context.spec.ports[0]?.containerPort ?? PORT, context);
  return 0;
};

/** As mariadbd does it at each start, one statement a line. */
function runInitFile(database: SimulatedDatabase, { spec, path }: ProgramContext): void {
  const option = [...(spec.command ?? []), ...(spec.args ?? [])].find((argument) =>
    argument.startsWith('--init-file='),
  );
  const file = option && path(option.slice('--init-file='.length));
  if (!file) return;
  for (const line of readFileSync(file, 'utf8').split('\n')) if (line.trim() !== '') database.execute('root', line);
}

let connections = 0;

interface Login {
  user: string;
  authPluginData1: Buffer;
  authPluginData2: Buffer;
  authToken: Buffer;
}

function greet(socket: Socket, database: SimulatedDatabase): void {
  const connection: Connection = createConnection({ stream: socket, isServer: true });
  let user = '';
  connection.on('error', () => socket.destroy());
  connection.on('query', (sql: string) => answer(connection, () => database.execute(user, sql)));
  // SET statements arrive here too; real prepared statements are not offered.
  connection.on('stmt_prepare', (sql: string) => {
    if (/^SET /i.test(sql)) connection.writeOk();
    else connection.writeError({ code: 1295, message: 'The simulated MariaDB knows no prepared statements' });
    endExchange(connection);
  });
  connections += 1;
  connection.serverHandshake({
    protocolVersion: 10,
    serverVersion: '11.8.6-MariaDB-simulated',
    connectionId: connections,
    statusFlags: 2,
    characterSet: UTF8MB4,
    // All but SSL and compression.
    capabilityFlags: 0xffffff & ~0x0820,
    authCallback(
      { user: name, authPluginData1, authPluginData2, authToken }: Login,
      done: (error: null, refusal?: object) => void,
    ) {
      user = name;
      if (database.accepts(name, [authPluginData1.subarray(0, 8), authPluginData2.subarray(0, 12)], authToken))
        done(null);
      else done(null, { code: 1045, message: `Access denied for user '${name}'@'${socket.remoteAddress ?? ''}'` });
      endExchange(connection);
    },
  });
}

function answer(connection: Connection, execute: () => ReturnType<SimulatedDatabase['execute']>): void {
  try {
    const { columns, rows } = execute();
    if (columns.length === 0) connection.writeOk();
    else connection.writeTextResult([...rows], columns.map(column));
  } catch (error) {
    const { code = 1105, message } = error as Partial<SqlFailure> & Error;
    connection.writeError({ code, message });
  }
  endExchange(connection);
}

/** Packets are numbered from 0 in each exchange; the library's server side counts on, and both sides complain of it. */
function endExchange(connection: Connection): void {
  Object.assign(connection, { sequenceId: 0 });
}

/** A column of text, as mysql2 wants it described. */
function column(name: string): object {
  const length = 1024;
  const text = 253;
  return {
    catalog: 'def',
    schema: '',
    table: '',
    orgTable: '',
    name,
    orgName: name,
    characterSet: UTF8MB4,
    columnLength: length,
    columnType: text,
    type: text,
    flags: 0,
    decimals: 0,
  };
}
