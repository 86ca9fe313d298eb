import { Reason } from '@stackwright/api';
import { done, failed, waiting, type Outcome, type Reconciled, type StepScope } from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import { newPassword } from './password.js';
import { secretWith, valuesOf } from './secret.js';

export interface KeptPassword {
  password: string;
  /** The Secret's: known to its readers only, and another one after the Secret was made anew. */
  uid: string;
}

/**
 * A password that is generated once and kept in a Secret of its own, key `password`. What is derived from it goes into
 * other Secrets, so that writing those can never change it. Whoever wants a new one deletes the Secret or edits it.
 */
export function keptPassword<R extends Reconciled>(scope: StepScope<R>, name: string): Outcome<KeptPassword> {
  const secret = scope.ownOnce(Secret, name, (random) => secretWith(name, { password: newPassword(random) }), {
    retain: true,
  });
  if (!secret) return waiting(Reason.Pending, `Secret ${name} is being created`);
  const checked = valuesOf(secret, ['password']);
  if ('missing' in checked) {
    return failed(
      Reason.SecretIncomplete,
      `Secret ${name} has no password; add one under the key "password", or delete the Secret to get a new one`,
      {
        on: { apiVersion: 'v1', kind: 'Secret', name, namespace: scope.namespace },
      },
    );
  }
  return done({ password: checked.values.password, uid: secret.metadata?.uid ?? '' });
}
