// What NetworkPolicies let through, as Kubernetes has it: https://kubernetes.io/docs/concepts/services-networking/network-policies/
import type { NetworkPolicy } from '@stackwright/kube';

export interface Place {
  namespace: string;
  labels: Readonly<Record<string, string>>;
}

type Rule = NonNullable<NonNullable<NetworkPolicy['spec']>['ingress']>[number];
type Selector = NonNullable<NetworkPolicy['spec']>['podSelector'];

/** Whether a connection by TCP is let in. `Outside`: somebody who is no Pod. */
export function mayReach(
  policies: readonly Readonly<NetworkPolicy>[],
  from: Place | 'Outside',
  to: Place,
  port: number,
): boolean {
  const closing = policies.filter(
    ({ metadata, spec }) =>
      metadata?.namespace === to.namespace &&
      (spec?.policyTypes ?? ['Ingress']).includes('Ingress') &&
      spec !== undefined &&
      selects(spec.podSelector, to.labels),
  );
  if (closing.length === 0) return true;
  return closing.some(({ spec }) =>
    (spec?.ingress ?? []).some((rule) => isFor(rule, port) && comesFrom(rule, from, to.namespace)),
  );
}

/** A list that is empty says as little as one that is not there: everybody, every port. */
const isFor = ({ ports = [] }: Rule, wanted: number): boolean =>
  ports.length === 0 ||
  ports.some(({ port, endPort = port, protocol = 'TCP' }) => {
    if (typeof port === 'string' || typeof endPort === 'string')
      throw new Error('Ports by name are not understood here');
    return protocol === 'TCP' && (port === undefined || (port <= wanted && wanted <= (endPort ?? port)));
  });

const comesFrom = ({ from = [] }: Rule, who: Place | 'Outside', namespace: string): boolean =>
  from.length === 0 ||
  from.some(({ ipBlock, namespaceSelector, podSelector }) => {
    if (ipBlock) throw new Error('Blocks of addresses are not understood here');
    if (who === 'Outside') return false;
    const isNear = namespaceSelector ? selects(namespaceSelector, {}) : who.namespace === namespace;
    return isNear && (!podSelector || selects(podSelector, who.labels));
  });

function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  if (selector?.matchExpressions?.length) throw new Error('Expressions are not understood here');
  return Object.entries(selector?.matchLabels ?? {}).every(([label, value]) => labels[label] === value);
}
