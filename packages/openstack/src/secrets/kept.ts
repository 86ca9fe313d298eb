// Secrets that are made once and never again by themselves: what they hold is in use somewhere (on a server, in tokens, in data),
// and another one would lock out whoever uses it, or make unreadable what it has encrypted.
import { annotations, labels, Reason, type KeptSecrets } from '@stackwright/api';
import type { Random } from '@stackwright/core';
import {
  done,
  failed,
  hashOf,
  waiting,
  type Desired,
  type Outcome,
  type Reconciled,
  type StatusScope,
  type StepScope,
} from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import { howToOffer, isOffered, secretReference } from './usable-by.js';

export interface KeptSecretOptions {
  make: (random: Random) => Desired<Secret>;
  /** What the object's status says besides `kept`, which an earlier version of ours did not note: what it holds has been in use. */
  wasInUse: boolean;
  /** Where else what it held can be found, as it follows "put it back": " (the key password of Secret x has it)". Default: nowhere. */
  copy?: string;
  /** What else brings a new one, as it follows the annotation: ", or change spec.rotation". */
  otherwise?: string;
  /** Whose controller reads one that somebody made, which has to say so. Default: the kind's, "keystone". */
  service?: string;
}

/**
 * Done with the Secret. One that has been there, by `keptStatus` or by `wasInUse`, and is gone fails with its name (PasswordLost),
 * until it is put back, or its id is in the annotation stackwright.dev/make-anew. One that is not of the object's making is read
 * where it is offered (SecretNotOffered): names are chosen by whoever makes the object, and may be those of Secrets that are not
 * theirs to read. The step declares Secret in `owns`.
 */
export function keptSecret<R extends Reconciled>(
  scope: StepScope<R>,
  name: string,
  { make, wasInUse, copy = '', otherwise = '', service = scope.resource.kind.toLowerCase() }: KeptSecretOptions,
): Outcome<Readonly<Secret>> {
  const lost = scope.get(Secret, name) ? undefined : lostId(scope.object, name, wasInUse);
  if (lost !== undefined) {
    const { resource, namespace, object } = scope;
    const of = `${resource.kind.toLowerCase()} -n ${namespace} ${object.metadata?.name ?? ''}`;
    return failed(
      Reason.PasswordLost,
      `Secret ${name} was deleted, and what it held is in use: put it back${copy}; one that is made by hand needs a label: ` +
        `${howToOffer(scope, name, service)}. To have a new one made: kubectl annotate --overwrite ${of} ${annotations.makeAnew}=${lost}${otherwise}`,
      { on: secretReference(name, scope) },
    );
  }
  const secret = scope.ownOnce(Secret, name, make, { retain: true });
  if (!secret) return waiting(Reason.Pending, `Secret ${name} is being created`);
  if (scope.isOwn(Secret, secret) || isOffered(secret, service)) return done(secret);
  return failed(
    Reason.SecretNotOffered,
    `Secret ${name} is not of our making, and not offered for this use; if it is meant for it, label it ` +
      `${labels.usableBy}=${service}: ${howToOffer(scope, name, service)}`,
    { on: secretReference(name, scope) },
  );
}

/** `status.kept`: of `names`, those that are there, or have been. */
export function keptStatus<R extends Reconciled>(
  scope: StatusScope<R>,
  names: readonly string[],
): { kept?: KeptSecrets } {
  const before = keptBefore(scope.object);
  const kept = [...new Set(names)].sort().flatMap((name) => {
    const { uid, deletionTimestamp } = scope.get(Secret, name)?.metadata ?? {};
    // Only its readers know the uid, which is a salt elsewhere.
    if (uid !== undefined && deletionTimestamp === undefined) return [{ name, id: hashOf(['kept', uid], 8) }];
    return before.filter((one) => one.name === name);
  });
  return kept.length > 0 ? { kept } : {};
}

/** What its status says. */
export const keptBefore = ({ status }: Readonly<Reconciled>): KeptSecrets =>
  (status as { kept?: KeptSecrets } | undefined)?.kept ?? [];

/** Of one that has been there, and that nobody has given up. */
function lostId(object: Readonly<Reconciled>, name: string, wasInUse: boolean): string | undefined {
  const noted = keptBefore(object).find((one) => one.name === name)?.id;
  const id = noted ?? (wasInUse ? hashOf(['kept', object.metadata?.uid, name], 8) : undefined);
  const accepted = object.metadata?.annotations?.[annotations.makeAnew] ?? '';
  return id === undefined || accepted.split(/[\s,]+/).includes(id) ? undefined : id;
}
