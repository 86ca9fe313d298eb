// Ways in from outside, as they are declared. Nobody here acts on them: that is an ingress controller's.
import type { Ingress, IngressClass } from '@stackwright/kube';
import { found } from '../../validation/findings.js';
import { checkIngress, checkIngressClass, CLASS_ANNOTATION } from '../../validation/ingresses.js';
import type { Strategy } from '../resource.js';
import { setStatus } from './pods.js';

export const ingressStrategy: Strategy<Ingress> = {
  reportsMissing: true,
  generationFields: ['spec'],
  warn: (ingress, old) => (old ? [] : warningsOf(ingress)),
  prepareForCreate(ingress) {
    setStatus(ingress, { loadBalancer: {} });
  },
  validate: (ingress, old) => found((findings) => checkIngress(findings, ingress, old)),
};

function warningsOf({ metadata, spec }: Readonly<Ingress>): string[] {
  return metadata?.annotations?.[CLASS_ANNOTATION] === undefined || spec?.ingressClassName !== undefined
    ? []
    : [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`];
}

export const ingressClassStrategy: Strategy<IngressClass> = {
  reportsMissing: true,
  generationFields: ['spec'],
  defaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate: (ingressClass, old) => found((findings) => checkIngressClass(findings, ingressClass, old)),
};
