// The provider's side of a claim: what is the same whether a database, a cache or an identity is asked for.
import { isPaused, isReady, readyCondition, Reason, type Conditioned } from '@stackwright/api';
import { done, waiting, type Outcome, type Reconciled, type StatusScope, type StepScope } from '@stackwright/core';
import { apiVersionOf, Secret, type Resource } from '@stackwright/kube';
import { secretWith } from '../secrets/secret.js';

/** What a claim names as its provider, once that is Ready. The step declares the kind in `reads`. */
export function readyProvider<R extends Reconciled, T extends Conditioned>(
  scope: StepScope<R>,
  resource: Resource<T>,
  name: string,
): Outcome<Readonly<T>> {
  const { kind } = resource;
  const on = { apiVersion: apiVersionOf(resource), kind, name, namespace: scope.namespace };
  const provider = scope.get(resource, name);
  if (!provider) return waiting(Reason.WaitingForProvider, `${kind} ${name} does not exist`, { on });
  if (provider.metadata?.deletionTimestamp)
    return waiting(Reason.WaitingForProvider, `${kind} ${name} is being deleted`, { on });
  // What runs goes on running: who stands on it is not held up by a pause.
  const wasReady = isPaused(provider) && readyCondition(provider)?.status === 'True';
  if (isReady(provider) || wasReady) return done(provider);
  const why = readyCondition(provider)?.message;
  return waiting(Reason.WaitingForProvider, `${kind} ${name} is not ready${why ? `: ${why}` : ''}`, { on });
}

/** The Secret by which a claim is fulfilled. */
export const connectionSecret = (claim: string): string => `${claim}-connection`;

/** Writes the Secret by which the claim is fulfilled. The step declares Secret in `owns`. */
export function ownConnection<R extends Reconciled>(
  scope: StepScope<R>,
  values: Readonly<Record<string, string>>,
): Outcome<undefined> {
  const name = connectionSecret(scope.name);
  return scope.own(Secret, secretWith(name, values))
    ? done()
    : waiting(Reason.Pending, `Secret ${name} is being created`);
}

/** `status.secretName`. The Secret stays while the provider is away for a while, and so does its name. */
export function claimStatus<R extends Reconciled>(scope: StatusScope<R>): { secretName?: string } {
  const name = connectionSecret(scope.name);
  return scope.get(Secret, name) ? { secretName: name } : {};
}
