// Who may talk to whom, as it is declared. Nobody here acts on it: that is a network's.
import type { NetworkPolicy } from '@stackwright/kube';
import { found } from '../../validation/findings.js';
import { checkNetworkPolicy } from '../../validation/network-policies.js';
import type { Strategy } from '../resource.js';

export const networkPolicyStrategy: Strategy<NetworkPolicy> = {
  reportsMissing: true,
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    const { ingress = [], egress = [] } = spec;
    // What is not said follows from the rules that there are; a policy without any keeps Pods from being reached.
    if (!spec.policyTypes?.length) spec.policyTypes = ['Ingress', ...(egress.length > 0 ? ['Egress'] : [])];
    for (const { ports = [] } of [...ingress, ...egress]) for (const port of ports) port.protocol ??= 'TCP';
  },
  validate: ({ spec }) => found((findings) => spec && checkNetworkPolicy(findings, spec)),
};
