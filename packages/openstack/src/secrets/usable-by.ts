import { labels, Reason } from '@stackwright/api';
import {
  done,
  failed,
  waiting,
  type ObjectReference,
  type Outcome,
  type Reconciled,
  type StepScope,
} from '@stackwright/graph';
import { Secret } from '@stackwright/kube';
import { valuesOf } from './secret.js';
import { linesIn } from './text.js';

type Scope = Pick<StepScope<Reconciled>, 'get' | 'namespace'>;

export interface SecretUse {
  name: string;
  /** Whose controller reads it. */
  service: string;
  /** Where the object refers to it: "spec.external.secretRef". */
  field: string;
}

/**
 * A Secret that a user made. It must carry `stackwright.dev/usable-by: <service>`: whoever may create a custom resource
 * must not thereby make a controller read any Secret of the namespace. The step declares Secret in `reads` or `owns`.
 */
export function usableSecret(scope: Scope, { name, service, field }: SecretUse): Outcome<Readonly<Secret>> {
  const on = secretReference(name, scope);
  const secret = scope.get(Secret, name);
  if (!secret) return waiting(Reason.WaitingForObject, `Secret ${name} (${field}) does not exist`, { on });
  if (isOffered(secret, service)) return done(secret);
  const remedy = `if it is meant for it, label it ${labels.usableBy}=${service}: ${howToOffer(scope, name, service)}`;
  return failed(Reason.SecretNotOffered, `Secret ${name} (${field}) is not offered for this use; ${remedy}`, { on });
}

export const isOffered = (secret: Readonly<Secret>, service: string): boolean =>
  secret.metadata?.labels?.[labels.usableBy] === service;

/** As a command. */
export const howToOffer = ({ namespace }: Pick<Scope, 'namespace'>, name: string, service: string): string =>
  `kubectl -n ${namespace} label secret ${name} ${labels.usableBy}=${service}`;

/** What it holds under `keys`, all of them. */
export function usableValues<Key extends string>(
  scope: Scope,
  use: SecretUse,
  keys: readonly Key[],
): Outcome<Record<Key, string>> {
  return usableAs(scope, use, (secret) => {
    const checked = valuesOf(secret, keys);
    return 'values' in checked ? checked : { problems: `lacks ${checked.missing.join(', ')}` };
  });
}

/** What it holds under `keys`, a line each. */
export function usableLines<Key extends string>(
  scope: Scope,
  use: SecretUse,
  keys: readonly Key[],
): Outcome<Record<Key, string>> {
  return usableAs(scope, use, (secret) => linesIn(secret, keys));
}

function usableAs<Values>(
  scope: Scope,
  use: SecretUse,
  read: (secret: Readonly<Secret>) => { values: Values } | { problems: string },
): Outcome<Values> {
  const usable = usableSecret(scope, use);
  if (usable.state !== 'Done') return usable;
  const found = read(usable.output);
  if ('values' in found) return done(found.values);
  const { name, field } = use;
  return failed(Reason.SecretIncomplete, `Secret ${name} (${field}) ${found.problems}`, {
    on: secretReference(name, scope),
  });
}

export function secretReference(name: string, { namespace }: { namespace: string }): ObjectReference {
  return { apiVersion: 'v1', kind: Secret.kind, name, namespace };
}
