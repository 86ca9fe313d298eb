import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { SqlError } from './admin.js';
import { mysql, sqlError } from './mysql.js';

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
});

describe('a server that is not there', () => {
  const closed: (() => void)[] = [];
  afterEach(() => {
    for (const close of closed.splice(0)) close();
  });

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
