// What keystonemiddleware does in front of a service: nobody gets through without a token that Keystone vouches for.
import type { ProgramContext } from '../program.js';
import { Refusal, type Call, type Handler } from './http-api.js';
import { servingIn } from './keystone/keystone.js';
import { readToken } from './keystone/tokens.js';
import type { Settings } from './settings.js';

/** Wraps handlers. Keystone is the simulated one of the namespace that `auth_url` names; without that, of the Pod's own. */
export function authtoken(context: ProgramContext, settings: Settings): (handler: Handler) => Handler {
  const { auth_url: url = '', username = '', password = '' } = settings['keystone_authtoken'] ?? {};
  const namespace = /^https?:\/\/[^./]+\.([^./:]+)/.exec(url)?.[1] ?? context.spec.namespace;
  const isVouchedFor = (call: Call): boolean => {
    const keystone = servingIn(context, namespace).find(({ data }) => {
      const user = data.named('users', username);
      return user?.enabled === true && data.knowsSecret(user.id, password);
    });
    // No Keystone serves, or none lets the service itself in, so that there is nobody to ask.
    if (!keystone) throw unavailable();
    return readToken(keystone, String(call.headers['x-auth-token'] ?? '')) !== undefined;
  };
  return (handler) => (call) => {
    if (!isVouchedFor(call)) throw unauthorized(url);
    return handler(call);
  };
}

const unavailable = (): Refusal =>
  new Refusal({ status: 503, body: 'The Keystone service is temporarily unavailable.\n' });

const unauthorized = (url: string): Refusal =>
  new Refusal({
    status: 401,
    json: {
      error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
    },
    headers: { 'www-authenticate': `Keystone uri="${url}"` },
  });
