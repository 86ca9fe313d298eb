// Network policies. Nobody here acts on them: that is a network's.
import type { NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from 'kubernetes-types/networking/v1.d.ts';
import { checkNetwork, isWithin } from './addresses.js';
import type { Findings } from './findings.js';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const TYPES = ['Ingress', 'Egress'];

export function checkNetworkPolicy(findings: Findings, spec: NetworkPolicySpec): void {
  findings.each('spec.ingress', spec.ingress, ({ ports, from }, at) => {
    findings.each(`${at}.ports`, ports, (port, place) => checkPort(findings, place, port));
    findings.each(`${at}.from`, from, (peer, place) => checkPeer(findings, place, peer));
  });
  findings.each('spec.egress', spec.egress, ({ ports, to }, at) => {
    findings.each(`${at}.ports`, ports, (port, place) => checkPort(findings, place, port));
    findings.each(`${at}.to`, to, (peer, place) => checkPeer(findings, place, peer));
  });
  const { policyTypes = [] } = spec;
  if (policyTypes.length > TYPES.length)
    findings.invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes');
  else findings.each('spec.policyTypes', policyTypes, (type, at) => findings.oneOf(at, type, TYPES));
}

function checkPort(findings: Findings, path: string, { protocol, port, endPort }: NetworkPolicyPort): void {
  if (protocol !== undefined) findings.oneOf(`${path}.protocol`, protocol, PROTOCOLS);
  const end = `${path}.endPort`;
  if (port !== undefined) findings.portOrName(`${path}.port`, port);
  if (endPort === undefined) return;
  if (port === undefined) findings.invalid(end, endPort, 'may not be specified when `port` is not specified');
  else if (typeof port !== 'number') findings.invalid(end, endPort, 'may not be specified when `port` is non-numeric');
  else {
    // A real server names the port there, and not its end.
    if (endPort < port) findings.invalid(end, port, 'must be greater than or equal to `port`');
    findings.port(end, endPort);
  }
}

function checkPeer(findings: Findings, path: string, peer: NetworkPolicyPeer): void {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (ipBlock) {
    const at = `${path}.ipBlock`;
    const block = findings.present(`${at}.cidr`, ipBlock.cidr)
      ? checkNetwork(findings, `${at}.cidr`, ipBlock.cidr)
      : undefined;
    findings.each(`${at}.except`, block && ipBlock.except, (except, place) => {
      const hole = checkNetwork(findings, place, except);
      if (block && hole && !isWithin(block, hole)) findings.invalid(place, except, 'must be a strict subset of `cidr`');
    });
    if (podSelector || namespaceSelector) findings.forbidden(path, 'may not specify both ipBlock and another peer');
  } else if (!podSelector && !namespaceSelector) findings.required(path, 'must specify a peer');
}
