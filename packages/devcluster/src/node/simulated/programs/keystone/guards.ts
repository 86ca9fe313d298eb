// Who may call what, and what all handlers need of a call and an answer.
import { isObject, jsonObject, type Answer, type Call, type Handler } from '../http-api.js';
import { badRequest, mayNot, unauthorized } from './errors.js';
import { readToken, rolesOf, type Token, type TokenSource } from './tokens.js';

/** A handler for somebody who has shown a token. */
export type Guarded = (call: Call, caller: Token) => Answer;

export interface Guards {
  /** Anybody with a token. */
  signedIn: (handler: Guarded) => Handler;
  /** Whoever has the role "admin" where the token is for. */
  admin: (action: string, handler: Guarded) => Handler;
  /** The user of the path, or an administrator. */
  self: (action: string, handler: Guarded) => Handler;
}

export function guardsFor(source: TokenSource): Guards {
  const signedIn =
    (handler: Guarded): Handler =>
    (call) => {
      const caller = readToken(source, header(call, 'x-auth-token'));
      if (!caller) throw unauthorized(call.base);
      return handler(call, caller);
    };
  const allowedTo = (action: string, allowed: (call: Call, caller: Token) => boolean, handler: Guarded): Handler =>
    signedIn((call, caller) => {
      if (!allowed(call, caller)) throw mayNot(action);
      return handler(call, caller);
    });
  const isAdmin = (caller: Token): boolean => hasRole(source, caller, 'admin');
  return {
    signedIn,
    admin: (action, handler) => allowedTo(action, (_call, caller) => isAdmin(caller), handler),
    self: (action, handler) =>
      allowedTo(
        action,
        ({ parameters: { user, id } }, caller) => (user ?? id) === caller.user || isAdmin(caller),
        handler,
      ),
  };
}

export const header = (call: Call, name: string): string => String(call.headers[name] ?? '');

export const hasRole = ({ data }: TokenSource, caller: Token, role: string): boolean =>
  rolesOf(data, caller).some(({ name }) => name === role);

export const links = ({ base, path }: Call): object => ({ self: `${base}${path}`, previous: null, next: null });

/** What a body has under the name of its one entity. */
export function entity(body: Buffer, name: string): Record<string, unknown> {
  const found = jsonObject(body)?.[name];
  if (!isObject(found)) throw badRequest(`'${name}' is a required property`);
  return found;
}
