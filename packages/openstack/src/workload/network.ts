// Who may reach an object's Pods, as NetworkPolicies. They add up: whoever shall come in besides gets a policy of somebody else's.
import { controllerLabels, Reason, type WorkloadSpec } from '@stackwright/api';
import {
  done,
  Label,
  waiting,
  type Desired,
  type GraphBuilder,
  type Reconciled,
  type StepHandle,
  type StepScope,
} from '@stackwright/graph';
import { NetworkPolicy, type KubeObject, type Resource } from '@stackwright/kube';

type Labels = Readonly<Record<string, string>>;

/** Pods of the same namespace by their labels; all Pods of the cluster; or everybody, from outside as well. */
export type Peer = Labels | 'Cluster' | 'Everybody';

export interface Opening {
  to: Labels;
  from: readonly Peer[];
  /** Numbers; absent: all. */
  ports?: readonly number[];
}

/** A claim for a server, as far as it says who uses what is claimed. */
export interface ConsumerClaim extends KubeObject {
  spec: { provider: string; podSelector?: { matchLabels: Labels } };
}

interface NetworkedObject extends Reconciled {
  spec: Pick<WorkloadSpec, 'networkPolicy'>;
}

export interface NetworkOptions<R extends NetworkedObject> {
  /** All ways in there are: for each of its Pods nothing else is open. By what their policy's name ends in. */
  openings: (scope: StepScope<R>) => Readonly<Record<string, Opening>>;
  /** Claims whose consumers are let in, read by `openings`. */
  claims?: Resource<ConsumerClaim>;
  after?: readonly StepHandle[];
}

/**
 * Step 'Network': policy `<object>` closes all Pods of the object, and others (`<object>-in-<ending>`) open what has to be open. Without
 * any where `spec.networkPolicy` is Disabled.
 */
export function networkStep<R extends NetworkedObject>(
  g: GraphBuilder<R>,
  { openings, claims, after = [] }: NetworkOptions<R>,
): void {
  g.step({
    name: 'Network',
    after,
    owns: [NetworkPolicy],
    ...(claims ? { reads: [claims] } : {}),
    run(scope) {
      if (scope.object.spec.networkPolicy === 'Disabled') return done();
      const ways = Object.entries(openings(scope)).map(([ending, way]) =>
        openingPolicy(`${scope.name}-in-${ending}`, way),
      );
      // Closed last: they are written in this order, and a way in that cannot be made shuts nobody out of what runs.
      const observed = [...ways, closingPolicy(scope.name, scope.labels)].map((one) => scope.own(NetworkPolicy, one));
      return observed.includes(undefined) ? waiting(Reason.Pending, 'NetworkPolicies are being created') : done();
    },
  });
}

/** Nobody comes in that no other policy lets in. */
function closingPolicy(name: string, selector: Labels): Desired<NetworkPolicy> {
  return { metadata: { name }, spec: { podSelector: { matchLabels: { ...selector } }, policyTypes: ['Ingress'] } };
}

function openingPolicy(name: string, { to, from, ports }: Opening): Desired<NetworkPolicy> {
  const peers = from.flatMap((peer) => (peer === 'Everybody' ? [] : [peerOf(peer)]));
  // A rule without anybody in `from` lets everybody in.
  const isOpen = from.includes('Everybody') || peers.length > 0;
  const rule = {
    ...(from.includes('Everybody') ? {} : { from: peers }),
    ...(ports ? { ports: ports.map((port) => ({ port, protocol: 'TCP' })) } : {}),
  };
  return {
    metadata: { name },
    spec: {
      podSelector: { matchLabels: { ...to } },
      policyTypes: ['Ingress'],
      ...(isOpen ? { ingress: [rule] } : {}),
    },
  };
}

type PolicyPeer = NonNullable<NonNullable<NonNullable<NetworkPolicy['spec']>['ingress']>[number]['from']>[number];

const peerOf = (peer: Labels | 'Cluster'): PolicyPeer =>
  peer === 'Cluster' ? { namespaceSelector: {} } : { podSelector: { matchLabels: { ...peer } } };

/** The Pods of the controller that has this object, where it runs in the namespace that it watches. */
export const controllerPeer = (module: string): Peer => controllerLabels(module);

/**
 * The Pods that use what claims ask this object for: those of whoever made the claim, whose labels are the claim's, too, and
 * those that it names itself. The step reads the kind.
 */
export function consumersOf<R extends Reconciled>(
  scope: Pick<StepScope<R>, 'list' | 'name'>,
  kind: Resource<ConsumerClaim>,
): readonly Peer[] {
  const peers = scope
    .list(kind)
    .filter(({ spec }) => spec.provider === scope.name)
    .flatMap(({ metadata, spec }) => {
      const made = Object.fromEntries(consumerLabels.map((label) => [label, metadata?.labels?.[label] ?? '']));
      const isMade = Object.values(made).every((value) => value !== '');
      return [...(isMade ? [made] : []), ...(spec.podSelector ? [spec.podSelector.matchLabels] : [])];
    })
    // An empty selector is everybody's.
    .filter((labels) => Object.keys(labels).length > 0);
  const byText = new Map(peers.map((labels) => [JSON.stringify(Object.entries(labels).sort()), labels]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, labels]) => labels);
}

/** What every child of an object carries, Pods of its Pods' owners included. */
const consumerLabels = [Label.name, Label.instance, Label.managedBy];
