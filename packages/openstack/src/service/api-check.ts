// A call with a token: an API that answers without one may still not know its users, its database or Keystone.
import { Reason } from '@stackwright/api';
import type { Explanation, ObjectReference, StepScope } from '@stackwright/graph';
import { explainIdentity, IdentityError, type IdentityLogin, type Sessions } from '../identity/session.js';
import type { Address, HttpResponse } from '../seams/http.js';
import type { ApiCheck, ServiceObject } from './builder.js';
import { addressesOf } from './service-address.js';

/** Why an API does not count as answering. */
export class CheckError extends Error {
  override readonly name = 'CheckError';
  readonly explanation: Explanation;

  constructor(explanation: Explanation) {
    super(explanation.message);
    this.explanation = explanation;
  }
}

type Login = IdentityLogin & { provider?: ObjectReference };

/** Asks one endpoint. What is wrong with it in words that follow the address; undefined when nothing is. */
type Ask = (address: Address, signal: AbortSignal) => Promise<string | undefined>;

/**
 * Reads all that it needs at once, so that it is asked again when any of that changes. `base` is the URL of the API's own
 * Service, `ca` who vouches for it. What is wrong whichever endpoint is asked throws a CheckError: Keystone does not answer, or a token is refused.
 */
export function authenticatedCheck<R extends ServiceObject>(
  scope: StepScope<R>,
  sessions: Sessions,
  { as, path, headers, givesTokens = false }: ApiCheck,
  { base, ca }: { base: string; ca?: string },
): Ask {
  const login = scope.output(as);
  const via = addressesOf(scope, login.authUrl);
  const session = sessions.as({ ...login, ...(via ? { via } : {}) });
  const isOwn = new URL(login.authUrl).host === new URL(base).host;
  const call = {
    method: 'GET',
    url: base + path,
    ...(headers ? { headers } : {}),
    ...(ca === undefined ? {} : { ca }),
  } as const;

  return async (address, signal) => {
    let answer: HttpResponse;
    try {
      if (givesTokens) await session.renew(signal);
      answer = await session.request({ ...call, address }, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof IdentityError) throw identityTrouble(error, login, isOwn);
      return `${path}: ${error instanceof Error ? error.message : String(error)}`;
    }
    const { status, body } = answer;
    if (status === 200) return undefined;
    if (status === 401 || status === 403) {
      const what = status === 401 ? 'refuses the token of' : 'does not let in';
      const message = `The API ${what} user ${login.username}: ${path} answered ${status}`;
      throw new CheckError({ reason: Reason.AccessDenied, message });
    }
    // What keystonemiddleware says, which has to ask Keystone about a token that it does not know yet.
    if (status === 503 && body.includes('Keystone service is temporarily unavailable')) {
      throw waitsForKeystone(`The API cannot reach Keystone (${login.authUrl}): ${path} answered 503`, login);
    }
    return `${path} answered ${status} to user ${login.username}`;
  };
}

function identityTrouble(error: IdentityError, login: Login, isOwn: boolean): CheckError {
  if (error.failure === 'Unreachable' && !isOwn) return waitsForKeystone(`Waits for Keystone: ${error.message}`, login);
  if (error.failure !== 'Unreachable') return new CheckError(explainIdentity(error));
  return new CheckError({ reason: Reason.ApiUnreachable, message: `The API takes no login: ${error.message}` });
}

/** The service is as it should be; on-call finds the trouble at `provider`. */
function waitsForKeystone(message: string, { provider }: Login): CheckError {
  const on = provider ? { on: provider } : {};
  return new CheckError({ state: 'Waiting', reason: Reason.WaitingForService, message, ...on });
}
