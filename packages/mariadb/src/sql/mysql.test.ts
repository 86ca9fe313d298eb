import { generateKeyPairSync } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { createConnection, type Connection } from 'mysql2';
import { afterEach, describe, expect, it } from 'vitest';
import { SqlError } from './admin.js';
import { mysql, sessionSettings, sqlError } from './mysql.js';
import { longestAnswer } from './stream.js';

const never = new AbortController().signal;
const login = (port: number) => ({ host: '127.0.0.1', port, username: 'root', password: 'hunter2' });

describe('errors of the server', () => {
  it.each([
    [{ errno: 1045, code: 'ER_ACCESS_DENIED_ERROR', message: 'Access denied' }, 'LoginDenied'],
    [{ errno: 1227, code: 'ER_SPECIFIC_ACCESS_DENIED_ERROR', message: 'Access denied' }, 'PermissionDenied'],
    [{ errno: 1007, code: 'ER_DB_CREATE_EXISTS', message: 'exists' }, 'Failed'],
    [{ errno: -111, code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' }, 'Unreachable'],
    [{ code: 'PROTOCOL_CONNECTION_LOST', message: 'Connection lost' }, 'Unreachable'],
  ])('%o is %s', (error, failure) => {
    expect(sqlError(error, []).failure).toBe(failure);
  });

  it('repeat no password, which the server may echo from a statement', () => {
    const error = sqlError({ errno: 1064, code: 'ER_PARSE_ERROR', message: "syntax error near 'hunter2'" }, [
      'hunter2',
    ]);
    expect(error.message).not.toContain('hunter2');
    expect(error.cause).toBeUndefined();
  });

  it.each([
    ['escaped, as it was sent', "IDENTIFIED BY 'it\\'s-hunter2'"],
    ['with doubled quotes', "x 'it''s-hunter2'"],
    ['from its middle on', "check the manual for the right syntax to use near 's-hunter2'' at line 1"],
    ['up to where the server cuts', "check the manual for the right syntax to use near 's-hunt"],
  ])('repeat no password %s', (_how, message) => {
    const error = sqlError({ errno: 1064, code: 'ER_PARSE_ERROR', message }, ["it's-hunter2"]);
    expect(error.message).not.toContain('s-hunt');
  });
});

const closed: (() => void)[] = [];
afterEach(() => {
  for (const close of closed.splice(0)) close();
});

/** A server that speaks the protocol; `answer` gets each statement as it is on the wire. */
async function speak(answer: (sql: string, connection: Connection) => void): Promise<number> {
  const server = createServer((socket) => {
    const connection = createConnection({ stream: socket, isServer: true });
    connection.on('error', () => socket.destroy());
    const hear = (sql: string) => {
      answer(sql, connection);
      // The library's server side counts packets on from the last question, and complains of its own count.
      Object.assign(connection, { sequenceId: 0 });
    };
    connection.on('query', hear);
    // To the library's server side every SET is one of these.
    connection.on('stmt_prepare', hear);
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: 'test',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 45,
      capabilityFlags: 0xffffff & ~0x0820,
      authCallback(_: unknown, done: (error: null) => void) {
        done(null);
        Object.assign(connection, { sequenceId: 0 });
      },
    });
  });
  closed.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('a server that answers', () => {
  it('gets values and identifiers quoted, whatever is in them', async () => {
    const heard: string[] = [];
    const port = await speak((sql, connection) => {
      heard.push(sql);
      connection.writeOk();
    });
    const statements = [
      { sql: "CREATE USER ?@'%' IDENTIFIED BY ?", values: ["o'brien", 'a\\b'] },
      { sql: 'DROP DATABASE IF EXISTS ??', values: ['a`; DROP DATABASE b; --'] },
    ];
    expect(await mysql.run(login(port), statements, never)).toEqual([[], []]);
    expect(heard).toEqual([
      sessionSettings,
      "CREATE USER 'o\\'brien'@'%' IDENTIFIED BY 'a\\\\b'",
      'DROP DATABASE IF EXISTS `a``; DROP DATABASE b; --`',
    ]);
  });

  it('is told first how to read what comes, whatever its settings are', async () => {
    const heard: string[] = [];
    const port = await speak((sql, connection) => {
      heard.push(sql);
      connection.writeOk();
    });
    await mysql.run(login(port), [{ sql: 'SELECT ?', values: ["\\' OR 1 -- "] }], never);
    const [first = ''] = heard;
    expect(first).toMatch(/^SET SESSION sql_mode = '[A-Z_,]+', /);
    expect(first).not.toMatch(/NO_BACKSLASH_ESCAPES|ANSI|PAD_CHAR|[\\"]/);
    expect(first).toContain('NAMES utf8mb4');
    expect(heard).toHaveLength(2);
  });

  it('and does not take that is asked nothing else', async () => {
    const heard: string[] = [];
    const port = await speak((sql, connection) => {
      heard.push(sql);
      connection.writeError({ message: 'no', code: 1231 });
    });
    const run = mysql.run(login(port), [{ sql: 'SELECT 1', values: [] }], never);
    await expect(run).rejects.toMatchObject({ failure: 'Failed' });
    expect(heard).toEqual([sessionSettings]);
  });

  it('and then breaks the connection has perhaps done what was asked: that is no answer', async () => {
    const port = await speak((_, connection) => connection.destroy());
    const run = mysql.run(login(port), [{ sql: 'SELECT 1', values: [] }], never);
    await expect(run).rejects.toMatchObject({ failure: 'Unreachable' });
  });

  it('too late is not waited for', async () => {
    const stop = new AbortController();
    const port = await speak(() => stop.abort(new Error('enough')));
    await expect(mysql.run(login(port), [{ sql: 'SELECT 1', values: [] }], stop.signal)).rejects.toThrow('enough');
  });

  it('with nothing but silence is not waited for either', async () => {
    const stop = new AbortController();
    const server = createServer(() => stop.abort(new Error('enough')));
    closed.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await expect(mysql.run(login((server.address() as AddressInfo).port), [], stop.signal)).rejects.toThrow('enough');
  });
});

const packet = (sequence: number, ...bytes: readonly (number | string)[]): Buffer => {
  const body = Buffer.concat(bytes.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))));
  return Buffer.concat([Buffer.of(body.length & 255, (body.length >> 8) & 255, body.length >> 16, sequence), body]);
};
const zeros = (count: number): string => '\0'.repeat(count);
const greeting = packet(
  ...([0, 10, '11.8.6-MariaDB\0', 1, zeros(3), 'abcdefgh\0', 0xfe, 0xf7, 45, 2, 0, 0xff, 0x81, 21, zeros(10)] as const),
  'abcdefghijkl\0mysql_native_password\0',
);
const ok = (sequence: number): Buffer => packet(sequence, 0, 0, 0, 2, 0, 0, 0);

/** In a server's place: what is sent after the greeting, one after the other as the client asks. */
async function pretend(...answers: readonly ((send: (data: Buffer) => boolean, heard: Buffer) => void)[]) {
  const server = createServer((socket) => {
    let turn = 0;
    socket.on('error', () => undefined);
    socket.on('data', (heard) => answers[turn++]?.((data) => socket.write(data), heard));
    socket.write(greeting);
  });
  closed.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('whoever answers in the place of a server', () => {
  const statements = [{ sql: 'SHOW GRANTS', values: [] }];

  it('ends nothing by what cannot be read', async () => {
    const escaped: unknown[] = [];
    const escape = (error: unknown): void => void escaped.push(error);
    process.on('uncaughtException', escape);
    try {
      // An error without its number, when nobody has asked anything.
      const port = await pretend((send) => send(Buffer.concat([ok(2), packet(3, 0xff)])));
      const run = mysql.run(login(port), statements, never);
      await expect(run).rejects.toMatchObject({ name: 'SqlError', failure: 'Unreachable' });
      expect(escaped).toEqual([]);
    } finally {
      process.off('uncaughtException', escape);
    }
  });

  it('fills no memory with an answer without end', async () => {
    const column = packet(2, 3, 'def', zeros(3), 1, 'a', 0, 12, 45, 0, 255, zeros(3), 253, zeros(5));
    const row = (sequence: number): Buffer => packet(sequence, 0xfc, 0xff, 0xff, 'x'.repeat(65_535));
    let sent = 0;
    const port = await pretend(
      (send) => send(ok(2)),
      (send) => send(ok(1)),
      (send) => {
        send(Buffer.concat([packet(1, 1), column, packet(3, 0xfe, 0, 0, 2, 0)]));
        for (; sent < 2 * longestAnswer; sent += 65_535) send(row((4 + sent / 65_535) & 255));
      },
    );
    await expect(mysql.run(login(port), statements, never)).rejects.toThrow('more than anybody asked for');
  });

  it.each(['sha256_password', 'caching_sha2_password'])('is told no password by %s', async (plugin) => {
    const heard: Buffer[] = [];
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
    const port = await pretend(
      (send) => send(packet(2, 0xfe, `${plugin}\0`, 'abcdefghijklmnopqrst\0')),
      (send, data) => {
        heard.push(data);
        if (plugin === 'caching_sha2_password') send(packet(4, 1, 4));
        else send(packet(4, 1, String(key)));
      },
      (send, data) => {
        heard.push(data);
        send(packet(6, 1, String(key)));
      },
    );
    const run = mysql.run(login(port), statements, never);
    await expect(run).rejects.toThrow('in a way in which it could be read');
    expect(heard).toEqual([]);
  });
});

describe('a server that is not there', () => {
  it('counts as unreachable', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    await expect(mysql.run(login(port), [], never)).rejects.toMatchObject({ name: 'SqlError', failure: 'Unreachable' });
  });

  it('counts as unreachable when it hangs up in the greeting', async () => {
    const server = createServer((socket) => socket.destroy());
    closed.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const failure = await mysql.run(login(port), [], never).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SqlError);
    expect((failure as SqlError).failure).toBe('Unreachable');
  });
});
