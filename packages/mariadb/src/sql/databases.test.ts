import { Refused } from '@stackwright/openstack';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeSqlServer } from '../testing/sql-server.js';
import type { SqlLogin } from './admin.js';
import {
  changesOf,
  dropDatabase,
  observeDatabase,
  refuseTaken,
  statementOf,
  type DatabaseChange,
  type WantedDatabase,
} from './databases.js';

const admin: SqlLogin = { host: '10.0.0.1', port: 3306, username: 'root', password: 'rootpw' };
const wanted: WantedDatabase = {
  database: 'nova_api',
  username: 'nova_api',
  password: 'right',
  owner: 'openstack/nova-api-database',
};
const never = new AbortController().signal;
const mine = 'stackwright.dev/claim=openstack/nova-api-database';

let server: FakeSqlServer;
beforeEach(() => {
  server = new FakeSqlServer();
});

const observe = () => observeDatabase(server, admin, wanted, never);

async function refusalOf(): Promise<Refused | undefined> {
  try {
    refuseTaken(wanted, await observe());
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

async function converge(): Promise<DatabaseChange[]> {
  const observed = await observe();
  refuseTaken(wanted, observed);
  const changes = changesOf(wanted, observed);
  await server.run(
    admin,
    changes.map((change) => statementOf(wanted, change, 'an-id')),
    never,
  );
  return changes;
}

describe('a database claim in SQL', () => {
  it('makes database, user and grant, and then nothing more', async () => {
    expect(await converge()).toEqual(['CreateDatabase', 'IdentifyDatabase', 'CreateUser', 'Grant']);
    expect(await converge()).toEqual([]);
    expect(server.databases.get('nova_api')).toEqual({ comment: mine, tables: false, id: 'an-id' });
    expect(server.users.get('nova_api')?.password).toBe('right');
    // `_` would match any character.
    expect([...server.users.get('nova_api')!.grants]).toEqual(['nova\\_api']);
  });

  it.each([1, 2, 3, 4])('goes on after being stopped before write %i', async (n) => {
    let writes = 0;
    server.beforeWrite = () => {
      if (++writes === n) throw new Error('stopped');
    };
    await expect(converge()).rejects.toThrow('stopped');
    await converge();
    expect(await converge()).toEqual([]);
    expect(server.users.get('nova_api')?.password).toBe('right');
  });

  it('brings a dropped user back', async () => {
    await converge();
    server.users.delete('nova_api');
    expect(await converge()).toEqual(['CreateUser', 'Grant']);
  });

  it('sets a password that was changed by hand to the one of the Secret', async () => {
    await converge();
    server.users.get('nova_api')!.password = 'wrong';
    expect(await converge()).toEqual(['SetPassword', 'Grant']);
    expect(server.users.get('nova_api')!.password).toBe('right');
    expect(await converge()).toEqual([]);
  });

  it('grants again what was revoked', async () => {
    await converge();
    server.users.get('nova_api')!.grants.clear();
    expect(await converge()).toEqual(['Grant']);
  });

  it('takes an empty database over, as an administrator of the server may have made it', async () => {
    server.databases.set('nova_api', { comment: '', tables: false });
    expect(await converge()).toEqual(['MarkDatabase', 'IdentifyDatabase', 'CreateUser', 'Grant']);
  });

  it('takes a database over that lost its mark, when the password fits', async () => {
    await converge();
    server.databases.set('nova_api', { comment: '', tables: true });
    expect(await converge()).toEqual(['MarkDatabase', 'IdentifyDatabase']);
  });

  it('leaves words of an administrator beside the mark', async () => {
    await converge();
    server.databases.set('nova_api', { comment: `asked for by Ada ${mine}`, tables: true, id: 'an-id' });
    expect(await converge()).toEqual([]);
  });

  it("refuses another claim's database, whatever it holds", async () => {
    server.databases.set('nova_api', { comment: 'stackwright.dev/claim=other/nova-api-database', tables: false });
    const refusal = await refusalOf();
    expect(refusal?.reason).toBe('DatabaseTaken');
    expect(refusal?.message).toContain('other/nova-api-database');
  });

  it('refuses a foreign database with tables, and says how to hand it over', async () => {
    server.databases.set('nova_api', { comment: '', tables: true });
    const refusal = await refusalOf();
    expect(refusal?.reason).toBe('DatabaseTaken');
    expect(refusal?.message).toContain(`ALTER DATABASE \`nova_api\` COMMENT = '${mine}'`);
  });

  it('does not take a foreign user over, nor its password', async () => {
    server.users.set('nova_api', { password: 'theirs', grants: new Set() });
    expect((await refusalOf())?.reason).toBe('UserTaken');
  });
});

describe('dropping', () => {
  it('drops database and user, and may be repeated', async () => {
    await converge();
    await dropDatabase(server, admin, wanted, never);
    expect([...server.databases.keys()]).toEqual([]);
    expect([...server.users.keys()]).toEqual(['root']);
    server.writes.length = 0;
    await dropDatabase(server, admin, wanted, never);
    expect(server.writes).toEqual([]);
  });

  it('goes on after being stopped half-way', async () => {
    await converge();
    server.beforeWrite = ({ sql }) => {
      if (sql.startsWith('DROP DATABASE')) throw new Error('stopped');
    };
    await expect(dropDatabase(server, admin, wanted, never)).rejects.toThrow('stopped');
    server.beforeWrite = () => undefined;
    await dropDatabase(server, admin, wanted, never);
    expect([...server.databases.keys()]).toEqual([]);
  });

  it('leaves a database that was handed over to another claim, with its user', async () => {
    await converge();
    server.databases.get('nova_api')!.comment = 'stackwright.dev/claim=other/claim';
    await dropDatabase(server, admin, wanted, never);
    expect(server.databases.has('nova_api')).toBe(true);
    expect(server.users.has('nova_api')).toBe(true);
  });

  it('drops the user of a database that somebody dropped by hand', async () => {
    await converge();
    server.databases.delete('nova_api');
    await dropDatabase(server, admin, wanted, never);
    expect(server.users.has('nova_api')).toBe(false);
  });

  it('leaves what was refused: another claim keeps its database and user', async () => {
    server.databases.set('nova_api', { comment: 'stackwright.dev/claim=other/claim', tables: true });
    server.users.set('nova_api', { password: 'theirs', grants: new Set(['nova\\_api']) });
    await dropDatabase(server, admin, wanted, never);
    expect(server.databases.has('nova_api')).toBe(true);
    expect(server.users.has('nova_api')).toBe(true);
  });
});
