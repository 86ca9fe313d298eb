// Calls to OpenStack's APIs as a user of Keystone: a login by password, a token that is kept until it nears its end.
import { Reason } from '@stackwright/api';
import type { Clock } from '@stackwright/core';
import { hashOf, type RuntimeKind } from '@stackwright/graph';
import { http as realHttp, type Address, type Http, type HttpRequest, type HttpResponse } from '../seams/http.js';

export interface IdentityLogin {
  /** With its version, as clients in Pods know it: "http://keystone.openstack.svc:5000/v3". */
  authUrl: string;
  username: string;
  password: string;
  userDomainName: string;
  /** The token is for this project … */
  projectName?: string;
  projectDomainName?: string;
  /** … or for this domain; without either it only says who one is. */
  domainName?: string;
  /** PEM of the authorities that Keystone's certificate is checked against. */
  ca?: string;
  /**
   * Where to connect to instead of the host in `authUrl`, which not every place can resolve (see `endpointsOf`). What may be
   * repeated is asked of the next one when one does not answer; that there is none counts only where Keystone is asked.
   */
  via?: readonly Address[];
  /** The login is by this instead of by user and password; it is for the project that it was made on. */
  applicationCredential?: { id: string; secret: string };
}

/** Why a login, or a call, came to nothing. */
export type IdentityFailure =
  /** No answer, or one that says that the server is not there (502, 503, 504). */
  | 'Unreachable'
  /** User or password is wrong, or the user may not do that. */
  | 'Denied'
  | 'Failed';

export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly failure: IdentityFailure;
  /** Of the answer, where there was one. */
  readonly status: number | undefined;

  /** `message` must hold no secret: it ends up in conditions and logs. */
  constructor(failure: IdentityFailure, message: string, status?: number) {
    super(message);
    this.failure = failure;
    this.status = status;
  }
}

/** What a token says about whom it was given to. */
export interface Token {
  userId: string;
  /** Names of the roles on what it is for; none without project and domain. */
  roles: readonly string[];
}

export interface Session {
  /**
   * Whatever the status is, with the token in `X-Auth-Token`; what refuses the token is asked once more with a new one. A `url`
   * that begins with "/" is one of Keystone: `/users`. Others must be of servers that may see the token; where those do not
   * answer, it rejects with the transport's error. @throws IdentityError about Keystone only
   */
  request(call: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  /**
   * Asks for another token by the one that is kept, which costs Keystone no hashing of a password: the proof that it gives tokens
   * at this moment. By user and password where there is none yet, and where Keystone does not take it. @throws IdentityError
   */
  renew(signal: AbortSignal): Promise<void>;
  /** Logs in, whatever token there is: the proof that the credentials are right at this moment. @throws IdentityError */
  login(signal: AbortSignal): Promise<Token>;
}

/** Milliseconds before its end from which on a token is not used any more: it must last for what it is sent with. */
const margin = 60_000;
/** Tokens that are kept; the oldest goes first. */
const most = 256;

interface KeptToken {
  value: string;
  /** On the monotonic clock. */
  until: number;
}

/** Of a controller, by whose clock tokens age. */
export const sessionsOver = (http: Http = realHttp): RuntimeKind<Sessions> => ({
  create: ({ clock }) => new Sessions({ http, clock }),
});

/** Keeps tokens across reconciles, by credentials; `as` costs nothing. One per controller is enough. */
export class Sessions {
  readonly #http: Http;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #tokens = new Map<string, KeptToken>();
  readonly #underWay = new Map<string, Promise<{ value: string }>>();

  constructor({ http, clock }: { http: Http; clock: Pick<Clock, 'monotonic'> }) {
    this.#http = http;
    this.#clock = clock;
  }

  as(login: IdentityLogin): Session {
    // Whatever way it is reached by, the token is good.
    const key = hashOf({ ...login, via: undefined, ca: undefined });
    return {
      login: async (signal) => (await this.#login(key, login, signal)).token,
      renew: async (signal) => {
        const kept = this.#kept(key);
        const isTaken = kept !== undefined && (await this.#renew(kept, login, signal));
        if (!isTaken) await this.#newToken(key, login, signal);
      },
      request: async (call, signal) => {
        const value = this.#kept(key);
        const first = value ?? (await this.#newToken(key, login, signal));
        const answer = await this.#send(call, login, first, signal);
        if (value === undefined || !isOutdated(answer)) return answer;
        // Only a new one tells whether we are welcome.
        return this.#send(call, login, await this.#newToken(key, login, signal), signal);
      },
    };
  }

  #kept(key: string): string | undefined {
    const kept = this.#tokens.get(key);
    return kept && kept.until > this.#clock.monotonic() ? kept.value : undefined;
  }

  /** Whether Keystone has given one for the one that is kept. What it gave is not: it is good for no longer. */
  async #renew(kept: string, login: IdentityLogin, signal: AbortSignal): Promise<boolean> {
    const json = { auth: authOf(login, { methods: ['token'], token: { id: kept } }) };
    const call = { method: 'POST', url: '/auth/tokens?nocatalog', json } as const;
    const answer = await askKeystone(this.#http, { ...call, isRepeatable: true }, login, signal);
    // Revoked, of keys that are gone, of a user or a project that is (404), or a Keystone that gives none for another.
    if (answer.status >= 400 && answer.status < 500) return false;
    if (answer.status !== 201) throw identityError('get a token', answer);
    return true;
  }

  /** Calls that need one at the same time share it: Keystone takes its time with passwords. */
  async #newToken(key: string, login: IdentityLogin, signal: AbortSignal): Promise<string> {
    for (let other = this.#underWay.get(key); other; other = this.#underWay.get(key)) {
      try {
        return (await other).value;
      } catch (error) {
        if (error instanceof IdentityError) throw error;
        // That call was given up, which is not to say that this one is.
        signal.throwIfAborted();
      }
    }
    const own = this.#login(key, login, signal).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, own);
    return (await own).value;
  }

  async #login(key: string, login: IdentityLogin, signal: AbortSignal): Promise<{ value: string; token: Token }> {
    this.#tokens.delete(key);
    const call = { method: 'POST', url: '/auth/tokens?nocatalog', json: { auth: authOf(login) } } as const;
    const answer = await askKeystone(this.#http, { ...call, isRepeatable: true }, login, signal);
    const value = answer.headers['x-subject-token'];
    if (answer.status === 401) {
      throw new IdentityError('Denied', `Keystone refuses the login of user "${login.username}"`, 401);
    }
    if (answer.status !== 201 || !value) throw identityError('log in', answer);
    const { token } = parsed(answer) as { token: TokenBody };
    // How long, not until when: the server's clock may not be ours.
    const lifetime = Date.parse(token.expires_at) - Date.parse(token.issued_at);
    if (this.#tokens.size >= most) this.#tokens.delete(this.#tokens.keys().next().value ?? '');
    this.#tokens.set(key, { value, until: this.#clock.monotonic() + lifetime - margin });
    return { value, token: { userId: token.user.id, roles: (token.roles ?? []).map(({ name }) => name) } };
  }

  async #send(call: HttpRequest, login: IdentityLogin, token: string, signal: AbortSignal): Promise<HttpResponse> {
    const headers = { ...call.headers, 'x-auth-token': token };
    if (!call.url.startsWith('/')) return this.#http.request({ ...call, headers }, signal);
    const isRepeatable = call.method === 'GET' || call.method === 'HEAD';
    return askKeystone(this.#http, { ...call, headers, isRepeatable }, login, signal);
  }
}

/** Revoked, of keys that are gone, or of a user or project that is, as after a database was lost: then Keystone misses those. */
function isOutdated(answer: HttpResponse): boolean {
  if (answer.status === 401) return true;
  return answer.status === 404 && /^Could not find (project|user|domain): /.test(complaintIn(answer));
}

/** What an answer says that is none of the expected; "" where it says nothing. */
function complaintIn(answer: HttpResponse): string {
  const said = (parsed(answer) as { error?: { message?: unknown } } | undefined)?.error?.message;
  return typeof said === 'string' ? said : '';
}

interface TokenBody {
  issued_at: string;
  expires_at: string;
  user: { id: string };
  roles?: readonly { name: string }[];
}

/** `by`: instead of by the password. */
function authOf(login: IdentityLogin, by?: object): object {
  const { username, password, userDomainName, projectName, projectDomainName = userDomainName, domainName } = login;
  if (login.applicationCredential) {
    return { identity: { methods: ['application_credential'], application_credential: login.applicationCredential } };
  }
  const user = { name: username, domain: { name: userDomainName }, password };
  return {
    identity: by ?? { methods: ['password'], password: { user } },
    scope:
      projectName !== undefined
        ? { project: { name: projectName, domain: { name: projectDomainName } } }
        : domainName !== undefined
          ? { domain: { name: domainName } }
          : // Or a default project of the user would count.
            'unscoped',
  };
}

/** What got no answer may have been done all the same: only a call that may be repeated goes to another endpoint. */
async function askKeystone(
  http: Http,
  { isRepeatable, ...call }: HttpRequest & { isRepeatable: boolean },
  { authUrl, via, ca }: IdentityLogin,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { origin } = new URL(authUrl);
  const url = `${authUrl.replace(/(?<!\/)\/+$/, '')}${call.url}`;
  const ways = via?.map((address) => ({ address })) ?? [{}];
  let why = 'has no ready endpoint';
  for (const way of isRepeatable ? ways : ways.slice(0, 1)) {
    try {
      return await http.request({ ...call, url, ...(ca === undefined ? {} : { ca }), ...way }, signal);
    } catch (error) {
      signal.throwIfAborted();
      why = `does not answer: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  throw new IdentityError('Unreachable', `${origin} ${why}`);
}

/** What an answer that is none of the expected means: "could not <what>: …". */
export function identityError(what: string, answer: HttpResponse): IdentityError {
  const { status } = answer;
  const failure =
    status === 401 || status === 403 ? 'Denied' : [502, 503, 504].includes(status) ? 'Unreachable' : 'Failed';
  const said = complaintIn(answer);
  const why = said === '' ? '' : `: ${said}`;
  return new IdentityError(failure, `Could not ${what}: Keystone answered ${status}${why}`, status);
}

/** The JSON of an answer; undefined where it is none. */
export function parsed({ body }: HttpResponse): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

const reasons: Readonly<Record<IdentityFailure, Reason>> = {
  Unreachable: Reason.ServerUnreachable,
  Denied: Reason.AccessDenied,
  Failed: Reason.IdentityFailed,
};

/** How what went wrong with Keystone reads as a condition. */
export function explainIdentity(error: unknown): { reason: Reason; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { reason: error instanceof IdentityError ? reasons[error.failure] : Reason.Error, message };
}
