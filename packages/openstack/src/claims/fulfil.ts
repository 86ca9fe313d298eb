// The provider's side of a claim: what is the same whether a database, a cache or an identity is asked for.
import { isAvailable, isPaused, isReady, readyCondition, Reason, type Conditioned } from '@stackwright/api';
import { done, waiting, type Outcome, type Reconciled, type StatusScope, type StepScope } from '@stackwright/graph';
import { apiVersionOf, Secret, type Resource } from '@stackwright/kube';
import { secretWith } from '../secrets/secret.js';
import { connectionSecret } from './names.js';

/**
 * What a claim names as its provider, once that does its work: what is wrong with what is wanted of it next holds up nobody who
 * stands on it. The step declares the kind in `reads`.
 */
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
  if (isReady(provider) || isAvailable(provider) || wasReady) return done(provider);
  const why = readyCondition(provider)?.message;
  return waiting(Reason.WaitingForProvider, `${kind} ${name} is not ready${why ? `: ${why}` : ''}`, { on });
}

/**
 * How to reach the server of what a claim names as its provider. One that is not fulfilled waits until that is Ready. One that
 * is goes on as long as the server can be asked, and what the server says decides: a provider may be not Ready for a wrong
 * schedule or a size that cannot be, and everything that stands on it works. The step declares the kind in `reads`.
 */
export function readyServer<R extends Reconciled, T extends Conditioned, Server extends object>(
  scope: StepScope<R>,
  resource: Resource<T>,
  name: string,
  serverOf: (provider: Readonly<T>) => Outcome<Server>,
): Outcome<Server & { isReady: boolean }> {
  const ready = readyProvider(scope, resource, name);
  if (ready.state === 'Done') {
    const server = serverOf(ready.output);
    return server.state === 'Done' ? done({ ...server.output, isReady: true }) : server;
  }
  const provider = scope.get(resource, name);
  if (!provider || provider.metadata?.deletionTimestamp || !isFulfilled(scope.object)) return ready;
  const server = serverOf(provider);
  // Of a server that is away its provider knows more. And who has asked while it was ready is to ask again.
  return server.state === 'Done' ? done({ ...server.output, isReady: false }) : ready;
}

/** When last looked at, whatever it has been told since. */
const isFulfilled = (claim: Readonly<Conditioned>): boolean => readyCondition(claim)?.status === 'True';

/** Writes the Secret by which the claim is fulfilled. The step declares Secret in `owns`. */
export function publishConnection<R extends Reconciled>(
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
  return publishedSecret(scope) ? { secretName: connectionSecret(scope.name) } : {};
}

/** That Secret, where it is this claim's: one of a claim that was deleted a moment ago fulfils nothing. */
export function publishedSecret<R extends Reconciled>(
  scope: Pick<StatusScope<R>, 'get' | 'name' | 'object'>,
): Readonly<Secret> | undefined {
  const secret = scope.get(Secret, connectionSecret(scope.name));
  const uid = scope.object.metadata?.uid;
  return secret?.metadata?.ownerReferences?.some((owner) => owner.uid === uid) ? secret : undefined;
}
