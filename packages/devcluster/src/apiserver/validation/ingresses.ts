// Ingresses and their classes.
import type { Ingress, IngressClass } from '@stackwright/kube';
import type {
  HTTPIngressPath,
  IngressBackend,
  IngressClassParametersReference,
  IngressRule,
  IngressTLS,
} from 'kubernetes-types/networking/v1.d.ts';
import { httpPathProblems, nameProblems, portNameProblems, wildcardProblems } from '../schema/formats.js';
import { familyOf } from './addresses.js';
import { IMMUTABLE, type Findings } from './findings.js';

/** The older way to name a class. */
export const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const FORBIDDEN_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const FORBIDDEN_ENDS = ['/..', '/.'];

export function checkIngress(findings: Findings, { metadata, spec = {} }: Ingress, old: Ingress | undefined): void {
  const { defaultBackend, ingressClassName, rules = [], tls } = spec;
  if (rules.length === 0 && !defaultBackend)
    findings.invalid('spec', null, 'either `defaultBackend` or `rules` must be specified');
  if (defaultBackend) checkBackend(findings, 'spec.defaultBackend', defaultBackend);
  findings.each('spec.rules', rules, (rule, at) => checkRule(findings, at, rule));
  findings.each('spec.tls', tls, (entry, at) => checkTls(findings, at, entry));
  if (ingressClassName !== undefined) findings.name('spec.ingressClassName', 'subdomain', ingressClassName);
  const annotated = metadata?.annotations?.[CLASS_ANNOTATION];
  if (!old && annotated !== undefined && ingressClassName !== undefined && annotated !== ingressClassName) {
    const problem = 'must match `ingressClassName` when both are specified';
    findings.invalid(`annotations.${CLASS_ANNOTATION}`, annotated, problem);
  }
}

function checkRule(findings: Findings, path: string, { host = '', http }: IngressRule): void {
  if (host !== '') {
    if (familyOf(host) !== undefined) findings.invalid(`${path}.host`, host, 'must be a DNS name, not an IP address');
    findings.invalidEach(`${path}.host`, host, hostProblems(host));
  }
  if (!http) return;
  if (http.paths.length === 0) findings.required(`${path}.http.paths`);
  findings.each(`${path}.http.paths`, http.paths, (route, at) => checkPath(findings, at, route));
}

const hostProblems = (host: string): string[] =>
  host.includes('*') ? wildcardProblems(host) : nameProblems('subdomain', host);

function checkPath(findings: Findings, at: string, route: HTTPIngressPath): void {
  const { path = '', pathType, backend } = route as Partial<HTTPIngressPath>;
  if (pathType === undefined) {
    findings.required(`${at}.pathType`, 'pathType must be specified');
    return;
  }
  const absolute = path.startsWith('/');
  if (pathType === 'ImplementationSpecific') {
    if (path !== '' && !absolute) findings.invalid(`${at}.path`, path, 'must be an absolute path');
  } else if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!absolute) findings.invalid(`${at}.path`, path, 'must be an absolute path');
    for (const part of FORBIDDEN_PARTS)
      if (path.includes(part)) findings.invalid(`${at}.path`, path, `must not contain '${part}'`);
    for (const end of FORBIDDEN_ENDS)
      if (path.endsWith(end)) findings.invalid(`${at}.path`, path, `cannot end with '${end}'`);
  } else findings.notSupported(`${at}.pathType`, pathType, PATH_TYPES);
  checkBackend(findings, `${at}.backend`, backend ?? {});
}

function checkBackend(findings: Findings, path: string, { service, resource }: IngressBackend): void {
  if (service && resource) findings.invalid(path, '', 'cannot set both resource and service backends');
  else if (resource) {
    const { apiGroup, kind, name } = resource;
    if (apiGroup !== undefined) findings.name(`${path}.resource.apiGroup`, 'subdomain', apiGroup);
    for (const [field, value] of Object.entries({ kind, name })) {
      if (value === '') findings.required(`${path}.resource.${field}`);
      else findings.invalidEach(`${path}.resource.${field}`, value, nameProblems('path', value));
    }
  } else if (!service) findings.invalid(path, '', 'resource or service backend is required');
  else {
    const { name, port } = service;
    if (findings.present(`${path}.service.name`, name)) findings.name(`${path}.service.name`, 'label', name);
    const { name: portName = '', number = 0 } = port ?? {};
    if (portName !== '' && number !== 0) findings.invalid(path, '', 'cannot set both port name & port number');
    else if (portName !== '') findings.invalidEach(`${path}.service.port.name`, portName, portNameProblems(portName));
    else if (number !== 0) findings.port(`${path}.service.port.number`, number);
    else findings.required(path, 'port name or number is required');
  }
}

function checkTls(findings: Findings, path: string, { hosts, secretName = '' }: IngressTLS): void {
  findings.each(`${path}.hosts`, hosts, (host, at) => findings.invalidEach(at, host, hostProblems(host)));
  if (secretName !== '') findings.name(`${path}.secretName`, 'subdomain', secretName);
}

const MAX_CONTROLLER = 250;

export function checkIngressClass(
  findings: Findings,
  { spec = {} }: IngressClass,
  old: IngressClass | undefined,
): void {
  const { controller = '', parameters } = spec;
  const path = 'spec.controller';
  if (old && controller !== old.spec?.controller) findings.invalid(path, controller, IMMUTABLE);
  if (controller.length > MAX_CONTROLLER) findings.tooLong(path, MAX_CONTROLLER);
  if (findings.present(path, controller)) {
    const slash = controller.indexOf('/');
    const [domain, rest] = [controller.slice(0, Math.max(slash, 0)), controller.slice(slash + 1)];
    if (domain === '' || rest === '')
      findings.invalid(path, controller, 'must be a domain-prefixed path (such as "acme.io/foo")');
    else {
      findings.name(path, 'subdomain', domain);
      findings.invalidEach(path, rest, httpPathProblems(rest));
    }
  }
  if (parameters) checkParameters(findings, 'spec.parameters', parameters);
}

function checkParameters(findings: Findings, path: string, parameters: IngressClassParametersReference): void {
  const { apiGroup, kind, name, scope, namespace } = parameters;
  if (apiGroup !== undefined) findings.name(`${path}.apiGroup`, 'subdomain', apiGroup);
  for (const [part, value] of Object.entries({ kind, name }))
    if (findings.present(`${path}.${part}`, value)) findings.name(`${path}.${part}`, 'path', value);
  if (scope === undefined) findings.required(`${path}.scope`);
  else findings.oneOf(`${path}.scope`, scope, ['Cluster', 'Namespace']);
  if (scope === 'Namespace') {
    if (namespace === undefined) findings.required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'");
    else findings.name(`${path}.namespace`, 'label', namespace);
  } else if (scope === 'Cluster' && namespace !== undefined) {
    findings.forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'");
  }
}
