// Of several claims for one name on one provider the oldest has it.
import { failed, done, type Outcome, type Reconciled, type StepScope } from '@stackwright/graph';
import { apiVersionOf, type KubeObject } from '@stackwright/kube';

export interface Rivalry<R extends Reconciled> {
  /** Whether another claim asks for what this one asks for. */
  isRival: (claim: Readonly<R>) => boolean;
  /** When this one is too late. */
  reason: string;
  /** "spec.database: the DatabaseClaim older has …" */
  message: (older: string) => string;
}

/** Done for the claim that was first. The step declares the claims' own kind in `reads`. */
export function firstClaim<R extends Reconciled>(
  scope: StepScope<R>,
  { isRival, reason, message }: Rivalry<R>,
): Outcome<undefined> {
  const { resource, name, namespace } = scope;
  const [first] = scope.list(resource).filter(isRival).sort(byAge);
  const older = first?.metadata?.name ?? name;
  if (older === name) return done();
  return failed(reason, message(older), {
    on: { apiVersion: apiVersionOf(resource), kind: resource.kind, name: older, namespace },
  });
}

function byAge(one: Readonly<KubeObject>, other: Readonly<KubeObject>): number {
  const key = ({ metadata }: Readonly<KubeObject>) => `${metadata?.creationTimestamp ?? ''} ${metadata?.name ?? ''}`;
  return key(one) < key(other) ? -1 : 1;
}
