// serviceaccounts/token: tokens for Pods, and for people who ask (`kubectl create token`).
import { BOUND, ISSUER, type Authenticator, type BoundKind, type TokenSubject } from '../auth/authenticator.js';
import { timestamp, type ServerContext } from '../context.js';
import { badRequest, conflict, field, invalid, methodNotAllowed, notFound, type FieldError } from '../errors.js';
import { at, numberAt, stringAt, type ApiObject } from '../json.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { load } from '../verbs/get.js';

const HOUR = 3600;
const LONGEST = 2 ** 32;

export function tokens(authenticator: Authenticator) {
  return async (context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> => {
    if (request.verb !== 'create') throw methodNotAllowed();
    const account = load(context, request);
    const { body } = request;
    const wanted = numberAt(body, 'spec', 'expirationSeconds') ?? HOUR;
    const errors = lifetimeErrors(wanted);
    if (errors.length > 0) throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', errors);
    const namespace = account.metadata.namespace ?? '';
    const bound = boundObject(context, account, body);
    const given = at(body, 'spec', 'audiences');
    const audiences = Array.isArray(given) && given.length > 0 ? given.map(String) : [ISSUER];
    const { token, expires } = authenticator.issue({
      namespace,
      serviceAccount: { name: account.metadata.name ?? '', uid: account.metadata.uid ?? '' },
      ...(bound ? { bound } : {}),
      audiences,
      lifetime: wanted,
    });
    return {
      kind: 'object',
      code: 201,
      unchanged: true,
      object: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name: account.metadata.name ?? '', namespace, creationTimestamp: timestamp(context.now()) },
        spec: {
          audiences,
          expirationSeconds: wanted,
          ...(bound ? { boundObjectRef: at(body, 'spec', 'boundObjectRef') } : {}),
        },
        status: { token, expirationTimestamp: timestamp(expires) },
      },
    };
  };
}

function lifetimeErrors(seconds: number): FieldError[] {
  const path = 'spec.expirationSeconds';
  if (seconds < 600) return [field.invalid(path, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > LONGEST ? [field.invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
}

/** What a token may be bound to, by its kind as it is written. */
const BINDABLE: Readonly<Record<string, BoundKind>> = { Pod: 'pod', Secret: 'secret', Node: 'node' };

function boundObject({ store }: ServerContext, account: ApiObject, body: unknown): TokenSubject['bound'] {
  if (at(body, 'spec', 'boundObjectRef') === undefined) return undefined;
  const reference = (key: string): string => stringAt(body, 'spec', 'boundObjectRef', key) ?? '';
  const [name, apiVersion, expected] = [reference('name'), reference('apiVersion'), reference('uid')];
  const kind = apiVersion.includes('/') ? undefined : BINDABLE[reference('kind')];
  if (!kind) {
    const type = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw badRequest(`cannot bind token to object of type ${type}, Kind=${reference('kind')}`);
  }
  const { name: accountName = '', namespace = '' } = account.metadata;
  const object = store.get(BOUND[kind], kind === 'node' ? name : `${namespace}/${name}`);
  if (!object) throw notFound({ group: '', plural: `${kind}s` }, name);
  // The Pod's end is the token's: nobody else's Pod says when an account's tokens end.
  if (kind === 'pod' && stringAt(object, 'spec', 'serviceAccountName') !== accountName) {
    const problem = 'to pod running with different serviceaccount name.';
    throw badRequest(`cannot bind token for serviceaccount "${accountName}" ${problem}`);
  }
  const { uid = '' } = object.metadata;
  if (expected !== '' && expected !== uid) {
    throw conflict(
      { group: '', plural: reference('kind') },
      name,
      `the UID in the bound object reference (${expected}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { kind, name, uid };
}
