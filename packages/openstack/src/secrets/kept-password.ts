import { Reason } from '@stackwright/api';
import { done, failed, type Outcome, type Reconciled, type StepScope } from '@stackwright/graph';
import { keptSecret, type KeptSecretOptions } from './kept.js';
import { newPassword } from './password.js';
import { passwordIn } from './text.js';
import { secretWith } from './secret.js';
import { secretReference } from './usable-by.js';

export interface KeptPassword {
  password: string;
  /** The Secret's: known to its readers only, and another one after the Secret was made anew. */
  uid: string;
}

/**
 * A password that is generated once and kept in a Secret of its own, key `password`. What is derived from it goes into
 * other Secrets, so that writing those can never change it. Whoever wants another one edits the Secret; one that is deleted
 * is missed. A password that some program would not read as it is fails by name, and changes nothing.
 */
export function keptPassword<R extends Reconciled>(
  scope: StepScope<R>,
  name: string,
  more: Omit<KeptSecretOptions, 'make'>,
): Outcome<KeptPassword> {
  const make: KeptSecretOptions['make'] = (random) => secretWith(name, { password: newPassword(random) });
  const kept = keptSecret(scope, name, { ...more, make });
  if (kept.state !== 'Done') return kept;
  const read = passwordIn(kept.output, 'password');
  if ('problem' in read) {
    const message = `Secret ${name} cannot be used: its key "password" ${read.problem}; give it another one`;
    return failed(Reason.SecretIncomplete, message, { on: secretReference(name, scope) });
  }
  return done({ password: read.text, uid: kept.output.metadata?.uid ?? '' });
}
