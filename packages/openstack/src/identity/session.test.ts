import { FakeClock } from '@stackwright/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Http, HttpRequest, HttpResponse } from '../seams/http.js';
import { explainIdentity, Sessions, type IdentityLogin } from './session.js';

const login: IdentityLogin = {
  authUrl: 'http://keystone.ns.svc:5000/v3/',
  username: 'placement',
  password: 'pw-canary',
  userDomainName: 'Default',
  projectName: 'service',
  projectDomainName: 'Default',
};
const signal = new AbortController().signal;

/** A Keystone that gives out t1, t2, …, each for an hour, and a service that takes the last. */
class Server implements Http {
  readonly calls: HttpRequest[] = [];
  logins = 0;
  /** What is answered next, instead. */
  instead: (Partial<HttpResponse> | Error)[] = [];

  request(call: HttpRequest): Promise<HttpResponse> {
    this.calls.push(call);
    const instead = this.instead.shift();
    if (instead instanceof Error) return Promise.reject(instead);
    if (instead) return Promise.resolve({ status: 500, headers: {}, body: '', ...instead });
    if (!call.url.includes('/auth/tokens')) {
      const status = call.headers?.['x-auth-token'] === `t${this.logins}` ? 200 : 401;
      return Promise.resolve({ status, headers: {}, body: '{}' });
    }
    const token = {
      // A server whose clock is years away from ours.
      issued_at: '1999-12-31T23:00:00.000000Z',
      expires_at: '2000-01-01T00:00:00.000000Z',
      user: { id: 'u1' },
      roles: [{ name: 'service' }],
    };
    return Promise.resolve({
      status: 201,
      headers: { 'x-subject-token': `t${++this.logins}` },
      body: JSON.stringify({ token }),
    });
  }
}

let server: Server;
let clock: FakeClock;
let sessions: Sessions;

beforeEach(() => {
  server = new Server();
  clock = new FakeClock();
  sessions = new Sessions({ http: server, clock });
});

const get = (url: string, as = login) => sessions.as(as).request({ method: 'GET', url }, signal);

describe('a session', () => {
  it('logs in once by password for its project, and shows the token to whom it asks', async () => {
    expect((await get('/users?name=a')).status).toBe(200);
    expect((await get('http://10.0.0.9:8778/resource_providers')).status).toBe(200);
    expect(server.logins).toBe(1);
    expect(server.calls[0]).toMatchObject({
      method: 'POST',
      url: 'http://keystone.ns.svc:5000/v3/auth/tokens?nocatalog',
      json: {
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: 'placement', password: 'pw-canary', domain: { name: 'Default' } } },
          },
          scope: { project: { name: 'service', domain: { name: 'Default' } } },
        },
      },
    });
    expect(server.calls.slice(1).map(({ url }) => url)).toEqual([
      'http://keystone.ns.svc:5000/v3/users?name=a',
      'http://10.0.0.9:8778/resource_providers',
    ]);
  });

  it.each([
    ['a domain', { domainName: 'heat' }, { domain: { name: 'heat' } }],
    ['nothing', {}, 'unscoped'],
  ])('is for %s where that is asked for', async (_, more, scope) => {
    const { authUrl, username, password, userDomainName } = login;
    await get('/users', { authUrl, username, password, userDomainName, ...more });
    expect(server.calls[0]?.json).toMatchObject({ auth: { scope } });
  });

  it('renews the token shortly before its end, by how long it lasts and not by the clock of the server', async () => {
    await get('/users');
    await clock.advance(3_600_000 - 61_000);
    await get('/users');
    expect(server.logins).toBe(1);
    await clock.advance(2_000);
    await get('/users');
    expect(server.logins).toBe(2);
  });

  it('logs in once for calls that are made at the same time, and again for one whose fellow was given up', async () => {
    await Promise.all([get('/users'), get('/roles'), get('/services')]);
    expect(server.logins).toBe(1);
    await clock.advance(3_600_000);
    const controller = new AbortController();
    const given = sessions.as(login).request({ method: 'GET', url: '/users' }, controller.signal);
    const other = get('/roles');
    server.instead = [];
    controller.abort(new Error('stopped'));
    await given.catch(() => undefined);
    expect((await other).status).toBe(200);
  });

  it('renews a token that is refused, once', async () => {
    await get('/users');
    server.instead = [{ status: 401 }];
    expect((await get('/users')).status).toBe(200);
    expect(server.logins).toBe(2);
    server.logins = 7;
    server.instead = [{ status: 401 }, new Error('ECONNRESET')];
    await expect(get('/users')).rejects.toThrow('does not answer: ECONNRESET');
  });

  it.each(['project', 'user', 'domain'])('renews one whose %s is gone, as after a database was lost', async (what) => {
    await get('/users');
    const body = JSON.stringify({ error: { code: 404, message: `Could not find ${what}: 1d96089b490e.` } });
    server.instead = [{ status: 404, body }];
    expect((await get('/domains')).status).toBe(200);
    expect(server.logins).toBe(2);
    server.instead = [{ status: 404, body: '{"error": {"message": "Could not find endpoint: x."}}' }];
    expect((await get('/endpoints/x')).status).toBe(404);
    expect(server.logins).toBe(2);
  });

  it('gives back a 401 that stays', async () => {
    server.instead = [];
    await get('/users');
    const { length } = server.calls;
    const refusing: Http = {
      request: (call) =>
        call.url.includes('/auth/') ? server.request(call) : Promise.resolve({ status: 401, headers: {}, body: '' }),
    };
    const answer = await new Sessions({ http: refusing, clock })
      .as(login)
      .request({ method: 'GET', url: '/a' }, signal);
    expect(answer.status).toBe(401);
    expect(server.calls.length - length).toBe(1);
  });

  it('keeps one token per credentials, wherever Keystone is connected to', async () => {
    await get('/users', { ...login, via: [{ host: '10.0.0.8', port: 5000 }] });
    await get('/users', { ...login, via: [{ host: 'fd00::9', port: 5001 }] });
    expect(server.logins).toBe(1);
    expect(server.calls.at(-1)).toMatchObject({
      url: 'http://keystone.ns.svc:5000/v3/users',
      address: { host: 'fd00::9', port: 5001 },
    });
    await get('/users', { ...login, password: 'other' });
    expect(server.logins).toBe(2);
  });

  it('asks the next endpoint when one does not answer, but not for what may have been done', async () => {
    const via = [1, 2].map((last) => ({ host: `10.0.0.${last}`, port: 5000 }));
    const asked = () => server.calls.splice(0).map(({ method, address }) => `${method} ${address?.host ?? ''}`);
    server.instead = [new Error('connect EHOSTUNREACH')];
    await get('/users', { ...login, via });
    expect(asked()).toEqual(['POST 10.0.0.1', 'POST 10.0.0.2', 'GET 10.0.0.1']);
    server.instead = [new Error('socket hang up')];
    const post = sessions.as({ ...login, via }).request({ method: 'POST', url: '/users', json: {} }, signal);
    await expect(post).rejects.toMatchObject({ failure: 'Unreachable' });
    expect(asked()).toEqual(['POST 10.0.0.1']);
    await expect(get('/users', { ...login, via: [] })).rejects.toThrow(
      'http://keystone.ns.svc:5000 has no ready endpoint',
    );
    expect((await get('http://placement.ns.svc/', { ...login, via: [] })).status).toBe(200);
  });

  it('logs in by an application credential where there is one', async () => {
    await get('/users', { ...login, applicationCredential: { id: 'a1', secret: 's' } });
    expect(server.calls[0]?.json).toEqual({
      auth: { identity: { methods: ['application_credential'], application_credential: { id: 'a1', secret: 's' } } },
    });
  });

  it('leaves it to the caller that another server than Keystone does not answer', async () => {
    await get('/users');
    const gone = new Error('connect ECONNREFUSED 10.0.0.9:8778');
    server.instead = [gone];
    await expect(get('http://placement.ns.svc:8778/')).rejects.toBe(gone);
  });

  it('proves credentials by a login of its own, and says whose they are', async () => {
    await get('/users');
    expect(await sessions.as(login).login(signal)).toEqual({ userId: 'u1', roles: ['service'] });
    expect(server.logins).toBe(2);
    await get('/users');
    expect(server.logins).toBe(2);
  });

  it('asks for a token by the one that there is, and by the password where that is not taken', async () => {
    const renewed = () => sessions.as(login).renew(signal);
    const methods = () =>
      server.calls
        .splice(0)
        .flatMap(({ json }) => (json as { auth?: { identity: { methods: string[] } } })?.auth?.identity.methods ?? []);
    await renewed();
    expect(methods()).toEqual(['password']);
    await renewed();
    expect(methods()).toEqual(['token']);
    server.instead = [{ status: 403 }];
    await renewed();
    expect(methods()).toEqual(['token', 'password']);
    // Of a project that is gone, as after a database was lost.
    server.instead = [{ status: 404 }];
    await renewed();
    expect(methods()).toEqual(['token', 'password']);
    server.instead = [{ status: 500, body: '' }];
    await expect(renewed()).rejects.toMatchObject({ failure: 'Failed' });
  });
});

describe('a login that fails', () => {
  const error = (code: number, message: string) => ({
    status: code,
    body: JSON.stringify({ error: { code, message } }),
  });

  it.each([
    ['AccessDenied', error(401, 'The request you have made requires authentication.'), 'login of user "placement"'],
    [
      'ServerUnreachable',
      new Error('connect ECONNREFUSED 10.0.0.8:5000'),
      'http://keystone.ns.svc:5000 does not answer',
    ],
    ['ServerUnreachable', { status: 503, body: '<html>' }, 'Keystone answered 503'],
    ['IdentityFailed', error(400, 'Expecting to find domain'), 'answered 400: Expecting to find domain'],
    ['IdentityFailed', { status: 200, body: 'welcome' }, 'Keystone answered 200'],
  ])('reads as %s', async (reason, answer, message) => {
    server.instead = [answer];
    const failure: unknown = await get('/users').catch((thrown: unknown) => thrown);
    const explained = explainIdentity(failure);
    expect(explained.reason).toBe(reason);
    expect(explained.message).toContain(message);
    expect(explained.message).not.toContain('pw-canary');
  });

  it('is the abort where it was aborted', async () => {
    const controller = new AbortController();
    controller.abort(new Error('stopped'));
    server.instead = [new Error('ECONNRESET')];
    await expect(sessions.as(login).request({ method: 'GET', url: '/users' }, controller.signal)).rejects.toThrow(
      'stopped',
    );
  });
});
