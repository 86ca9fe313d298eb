// What expressions of webhooks and policies know of a request.
import type { Environment } from '@marcbachmann/cel-js';
import { newEnvironment } from '../cel/environment.js';
import { dynamic } from '../cel/types.js';
import type { AdmissionAttributes } from '../admission.js';
import type { ServerContext } from '../context.js';
import type { ServedResource } from '../registry/resource.js';

const REQUEST_VARIABLES = ['object', 'oldObject', 'request'] as const;

export function requestEnvironment(...more: readonly string[]): Environment {
  const environment = newEnvironment();
  for (const name of [...REQUEST_VARIABLES, ...more]) environment.registerVariable(name, 'dyn');
  return environment;
}

/** Of the request as it is shown to the webhook: in the version that its rules name. */
export interface Shown {
  resource: ServedResource;
  object: unknown;
  oldObject: unknown;
}

export function requestVariables({ object, oldObject }: Shown, request: object): Record<string, unknown> {
  return {
    object: dynamic.value(object ?? null),
    oldObject: dynamic.value(oldObject ?? null),
    request: dynamic.value(request),
  };
}

export function namespaceVariable({ store }: ServerContext, { namespace }: AdmissionAttributes): unknown {
  return dynamic.value(namespace === undefined ? null : (store.get('/namespaces', namespace) ?? null));
}

/**
 * Whether all conditions hold. One that does not settles it, whatever went wrong with the others; when none does, the first
 * failure is thrown.
 */
export function allHold<T>(conditions: readonly T[], evaluate: (condition: T) => unknown): boolean {
  const failures: Error[] = [];
  for (const condition of conditions) {
    try {
      if (evaluate(condition) !== true) return false;
    } catch (error) {
      failures.push(error as Error);
    }
  }
  if (failures[0]) throw failures[0];
  return true;
}

const kindOf = ({ group, version, kind }: ServedResource): object => ({ group, version, kind });
const resourceOf = ({ group, version, plural }: ServedResource): object => ({ group, version, resource: plural });

const OPTIONS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

/** The request of an AdmissionReview, but for its uid and the objects. */
export function requestOf(attributes: AdmissionAttributes, shown: ServedResource): Record<string, unknown> {
  const { resource, subresource, namespace, name, operation, user, dryRun } = attributes;
  return {
    kind: kindOf(shown),
    resource: resourceOf(shown),
    ...(subresource === undefined ? {} : { subResource: subresource, requestSubResource: subresource }),
    requestKind: kindOf(resource),
    requestResource: resourceOf(resource),
    ...(name === '' ? {} : { name }),
    ...(resource.storage === '/namespaces' ? { namespace: name } : namespace === undefined ? {} : { namespace }),
    operation,
    userInfo: { username: user.name, ...(user.uid === undefined ? {} : { uid: user.uid }), groups: [...user.groups] },
    dryRun,
    options: { apiVersion: 'meta.k8s.io/v1', kind: OPTIONS[operation] },
  };
}
