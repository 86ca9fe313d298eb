// serviceaccounts/token: tokens for Pods, and for people who ask (`kubectl create token`).
import { BOUND, ISSUER, type Authenticator, type BoundKind, type TokenSubject } from '../auth/authenticator.js';
import { timestamp, type ServerContext } from '../context.js';
import { conflict, field, invalid, methodNotAllowed, notFound, type FieldError } from '../errors.js';
import { at, numberAt, stringAt } from '../json.js';
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
    const errors = [...lifetimeErrors(wanted), ...boundErrors(body)];
    if (errors.length > 0) throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', errors);
    const namespace = account.metadata.namespace ?? '';
    const bound = boundObject(context, namespace, body);
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

const kindOf = (body: unknown): string | undefined => stringAt(body, 'spec', 'boundObjectRef', 'kind');

function boundErrors(body: unknown): FieldError[] {
  const kind = kindOf(body);
  if (!kind || kind.toLowerCase() in BOUND) return [];
  return [field.notSupported('spec.boundObjectRef.kind', kind, ['Node', 'Pod', 'Secret'])];
}

function boundObject({ store }: ServerContext, namespace: string, body: unknown): TokenSubject['bound'] {
  const kind = kindOf(body)?.toLowerCase() as BoundKind | undefined;
  if (!kind) return undefined;
  const resource = { group: '', plural: `${kind}s` };
  const name = stringAt(body, 'spec', 'boundObjectRef', 'name') ?? '';
  const object = store.get(BOUND[kind], kind === 'node' ? name : `${namespace}/${name}`);
  if (!object) throw notFound(resource, name);
  const { uid = '' } = object.metadata;
  const expected = stringAt(body, 'spec', 'boundObjectRef', 'uid');
  if (expected && expected !== uid) {
    throw conflict(
      resource,
      name,
      `the UID in the bound object reference (${expected}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { kind, name, uid };
}
