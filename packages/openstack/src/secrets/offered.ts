import { labels, Reason } from '@stackwright/api';
import { done, failed, waiting, type Outcome, type Reconciled, type StepScope } from '@stackwright/core';
import { Secret } from '@stackwright/kube';
import { valuesOf } from './secret.js';

export interface OfferedSecret<Key extends string> {
  values: Record<Key, string>;
  /** Changes whenever somebody makes it anew. Known to its readers only. */
  uid: string;
}

/**
 * What a Secret that a user made holds. It must carry `stackwright.dev/usable-by: <service>`: whoever may create a custom
 * resource must not thereby make a controller read any Secret of the namespace. `field` is where the object refers to it.
 * The step declares Secret in `reads` or `owns`.
 */
export function offeredSecret<R extends Reconciled, Key extends string>(
  scope: Pick<StepScope<R>, 'get' | 'namespace'>,
  { name, service, field, keys }: { name: string; service: string; field: string; keys: readonly Key[] },
): Outcome<OfferedSecret<Key>> {
  const on = { apiVersion: 'v1', kind: Secret.kind, name, namespace: scope.namespace };
  const secret = scope.get(Secret, name);
  if (!secret) return waiting(Reason.WaitingForObject, `Secret ${name} (${field}) does not exist`, { on });
  if (secret.metadata?.labels?.[labels.usableBy] !== service) {
    const remedy = `if it is meant for it, label it ${labels.usableBy}=${service}`;
    return failed(Reason.SecretNotOffered, `Secret ${name} (${field}) is not offered for this use; ${remedy}`, { on });
  }
  const checked = valuesOf(secret, keys);
  if ('missing' in checked) {
    return failed(Reason.SecretIncomplete, `Secret ${name} (${field}) lacks ${checked.missing.join(', ')}`, { on });
  }
  return done({ values: checked.values, uid: secret.metadata.uid ?? '' });
}
