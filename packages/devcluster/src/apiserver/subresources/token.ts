// serviceaccounts/token: tokens for Pods, and for people who ask (`kubectl create token`).
import { ISSUER, type Authenticator } from '../auth/authenticator.js';
import { timestamp, type ServerContext } from '../context.js';
import { field, invalid, methodNotAllowed, notFound } from '../errors.js';
import { at, numberAt, stringAt } from '../json.js';
import type { ResourceRequest, ResourceResponse } from '../request.js';
import { load } from '../verbs/get.js';

const HOUR = 3600;

export function tokens(authenticator: Authenticator) {
  return async (context: ServerContext, request: ResourceRequest): Promise<ResourceResponse> => {
    if (request.verb !== 'create') throw methodNotAllowed();
    const account = load(context, request);
    const { body } = request;
    const wanted = numberAt(body, 'spec', 'expirationSeconds') ?? HOUR;
    if (wanted < 600) {
      throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
        field.invalid('spec.expirationSeconds', wanted, 'may not specify a duration less than 10 minutes'),
      ]);
    }
    const namespace = account.metadata.namespace ?? '';
    const podName =
      stringAt(body, 'spec', 'boundObjectRef', 'kind') === 'Pod'
        ? (stringAt(body, 'spec', 'boundObjectRef', 'name') ?? '')
        : undefined;
    const pod = podName === undefined ? undefined : context.store.get('/pods', `${namespace}/${podName}`);
    if (podName !== undefined && !pod) throw notFound({ group: '', plural: 'pods' }, podName);
    const given = at(body, 'spec', 'audiences');
    const audiences = Array.isArray(given) && given.length > 0 ? given.map(String) : [ISSUER];
    const { token, expires } = authenticator.issue({
      namespace,
      serviceAccount: { name: account.metadata.name ?? '', uid: account.metadata.uid ?? '' },
      ...(pod ? { pod: { name: pod.metadata.name ?? '', uid: pod.metadata.uid ?? '' } } : {}),
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
          ...(pod ? { boundObjectRef: at(body, 'spec', 'boundObjectRef') } : {}),
        },
        status: { token, expirationTimestamp: timestamp(expires) },
      },
    };
  };
}
