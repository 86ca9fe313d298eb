// A call with a token: an API that answers without one may still not know its users, its database or Keystone.
import { Reason } from '@stackwright/api';
import type { ObjectReference, StepScope } from '@stackwright/core';
import { explainIdentity, IdentityError, type IdentityLogin, type Sessions } from '../identity/session.js';
import type { Address, HttpResponse } from '../seams/http.js';
import type { ApiCheck, ServiceObject } from './builder.js';
import { addressesOf } from './reach.js';

/** Why an API does not count as answering. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
  readonly said: { reason: Reason; message: string; on?: ObjectReference };

  constructor(reason: Reason, message: string, on?: ObjectReference) {
    super(message);
    this.said = { reason, message, ...(on ? { on } : {}) };
  }
}

/** Asks one endpoint. What is wrong with it in words that follow the address; undefined when nothing is. */
type Ask = (address: Address, signal: AbortSignal) => Promise<string | undefined>;

/**
 * Reads all that it needs at once, so that it is asked again when any of that changes. `base` is the URL of the API's own Service.
 * What is wrong whichever endpoint is asked throws a CheckError: Keystone does not answer, or a token is refused.
 */
export function authenticatedCheck<R extends ServiceObject>(
  scope: StepScope<R>,
  sessions: Sessions,
  { as, path, headers }: ApiCheck,
  base: string,
): Ask {
  const login = scope.output(as);
  const keystones = addressesOf(scope, login.authUrl);
  const isOwn = new URL(login.authUrl).host === new URL(base).host;
  const call = { method: 'GET', url: base + path, ...(headers ? { headers } : {}) } as const;

  return async (address, signal) => {
    let answer: HttpResponse;
    try {
      answer = await asAny(login, keystones, (one) => sessions.as(one).request({ ...call, address }, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof IdentityError) throw identityTrouble(error, login, isOwn);
      return `${path}: ${error instanceof Error ? error.message : String(error)}`;
    }
    const { status, body } = answer;
    if (status === 200) return undefined;
    if (status === 401 || status === 403) {
      const what = status === 401 ? 'refuses the token of' : 'forbids what it shows to';
      throw new CheckError(Reason.AccessDenied, `The API ${what} user ${login.username}: ${path} answered ${status}`);
    }
    // What keystonemiddleware says.
    if (status === 503 && body.includes('Keystone service is temporarily unavailable')) {
      throw new CheckError(
        Reason.WaitingForService,
        `The API cannot reach Keystone (${login.authUrl}): ${path} answered 503`,
        login.provider,
      );
    }
    return `${path} answered ${status} to user ${login.username}`;
  };
}

/** The first of Keystone's endpoints may be one that has just died. */
async function asAny(
  login: IdentityLogin,
  addresses: readonly Address[] | undefined,
  ask: (login: IdentityLogin) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  if (!addresses) return ask(login);
  let last = new IdentityError('Unreachable', `${new URL(login.authUrl).origin} has no ready endpoint`);
  for (const via of addresses) {
    try {
      return await ask({ ...login, via });
    } catch (error) {
      if (!(error instanceof IdentityError) || error.failure !== 'Unreachable') throw error;
      last = error;
    }
  }
  throw last;
}

function identityTrouble(error: IdentityError, login: ApiCheckLogin, isOwn: boolean): CheckError {
  if (error.failure !== 'Unreachable') {
    const { reason, message } = explainIdentity(error);
    return new CheckError(reason, message, login.provider);
  }
  return isOwn
    ? new CheckError(Reason.ApiUnreachable, `The API does not answer: ${error.message}`)
    : new CheckError(Reason.WaitingForService, `Keystone gives no token: ${error.message}`, login.provider);
}

type ApiCheckLogin = IdentityLogin & { provider?: ObjectReference };
