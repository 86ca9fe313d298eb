// A key repository in its Secret: made once, read, and written as it was read.
import { Reason } from '@stackwright/api';
import type { Random } from '@stackwright/core';
import { done, failed, type Amendment, type Outcome, type StepScope } from '@stackwright/graph';
import type { Secret } from '@stackwright/kube';
import { keptSecret, secretWith } from '@stackwright/openstack';
import type { Keystone } from '../crd.js';
import { formatLedger, ledgerAnnotation, parseLedger, type Ledger } from './ledger.js';
import { newKeyRepository, readRepository, type KeyRepository } from './repository.js';

export interface Kept {
  secret: Readonly<Secret>;
  keys: KeyRepository;
  ledger: Ledger | undefined;
}

/** Made where it does not exist: with other keys every token and every stored credential would be lost. */
export function keptKeys(
  scope: StepScope<Keystone>,
  name: string,
  first: (keys: KeyRepository) => Ledger,
): Outcome<Kept> {
  const make = (random: Random) => {
    const desired = secretWith(name, newKeyRepository(random));
    const made = readRepository(desired.data);
    const ledger = 'keys' in made ? formatLedger(first(made.keys)) : '';
    return { ...desired, metadata: { name, annotations: { [ledgerAnnotation]: ledger } } };
  };
  const copy = ', from a backup or from a Pod that runs, where the keys are mounted';
  const kept = keptSecret(scope, name, { make, copy, wasInUse: hasServed(scope) });
  return kept.state === 'Done' ? readKeys(scope, kept.output) : kept;
}

/** With what was in its Secrets then, which are made before it does. */
export const hasServed = ({ object }: Pick<StepScope<Keystone>, 'object'>): boolean =>
  object.status?.endpoint !== undefined;

export function readKeys(scope: Pick<StepScope, 'namespace'>, secret: Readonly<Secret>): Outcome<Kept> {
  const read = readRepository(secret.data);
  const { name = '', annotations } = secret.metadata ?? {};
  if ('keys' in read) return done({ secret, keys: read.keys, ledger: parseLedger(annotations?.[ledgerAnnotation]) });
  return failed(Reason.SecretIncomplete, `Secret ${name} ${read.problem}; restore it from a backup`, {
    on: { apiVersion: 'v1', kind: 'Secret', name, namespace: scope.namespace },
  });
}

/** The patch from one content to another. */
export function patchOf(before: KeyRepository, after: KeyRepository, ledger: Ledger): Amendment['patch'] {
  const data: Record<string, string | null> = {};
  for (const index of before.keys()) if (!after.has(index)) data[index] = null;
  for (const [index, key] of after) {
    if (before.get(index) !== key) data[index] = Buffer.from(key).toString('base64');
  }
  return { metadata: { annotations: { [ledgerAnnotation]: formatLedger(ledger) } }, data };
}
