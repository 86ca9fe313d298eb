// Ways in from outside, as they are declared. Nobody here acts on them: that is an ingress controller's.
import { isIP } from 'node:net';
import type { Ingress, IngressClass } from '@stackwright/kube';
import type { HTTPIngressPath, IngressBackend, IngressRule, IngressTLS } from 'kubernetes-types/networking/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { nameProblem } from '../../schema/names.js';
import type { Strategy } from '../resource.js';
import { isPort, PORT } from './pod-validation.js';

/** The older way to name a class. */
export const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

export const ingressStrategy: Strategy<Ingress> = {
  generationFields: ['spec'],
  validate({ metadata, spec = {} }, old) {
    const { defaultBackend, ingressClassName, rules = [], tls = [] } = spec;
    const errors: FieldError[] = [];
    const annotated = metadata?.annotations?.[CLASS_ANNOTATION];
    if (!old && annotated !== undefined && ingressClassName !== undefined) {
      errors.push(
        field.invalid(
          `metadata.annotations[${CLASS_ANNOTATION}]`,
          annotated,
          'can not be set when the class field is also set',
        ),
      );
    }
    if (rules.length === 0 && !defaultBackend)
      errors.push(field.invalid('spec', null, 'either `defaultBackend` or `rules` must be specified'));
    if (defaultBackend) errors.push(...validateBackend(defaultBackend, 'spec.defaultBackend'));
    errors.push(...rules.flatMap((rule, index) => validateRule(rule, `spec.rules[${index}]`)));
    errors.push(...tls.flatMap((entry, index) => validateTls(entry, `spec.tls[${index}]`)));
    if (ingressClassName !== undefined) errors.push(...validateName(ingressClassName, 'spec.ingressClassName'));
    return errors;
  },
};

export const ingressClassStrategy: Strategy<IngressClass> = {
  generationFields: ['spec'],
  defaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate({ spec = {} }, old) {
    const errors: FieldError[] = [];
    const { controller = '', parameters } = spec;
    if (old && controller !== old.spec?.controller)
      errors.push(field.invalid('spec.controller', controller, 'field is immutable'));
    if (
      controller === '' ||
      controller.length > 250 ||
      !/^[a-z0-9.-]+\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(controller)
    )
      errors.push(
        field.invalid('spec.controller', controller, 'must be a domain-prefixed path (such as "acme.io/foo")'),
      );
    if (parameters?.scope === 'Namespace' && !parameters.namespace)
      errors.push(field.required('spec.parameters.namespace', "`parameters.scope` is set to 'Namespace'"));
    return errors;
  },
};

function validateRule({ host = '', http }: IngressRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (host !== '') {
    if (isIP(host)) errors.push(field.invalid(`${path}.host`, host, 'must be a DNS name, not an IP address'));
    else errors.push(...validateHost(host, `${path}.host`));
  }
  if (!http) return errors;
  if (http.paths.length === 0) errors.push(field.required(`${path}.http.paths`));
  return [...errors, ...http.paths.flatMap((each, index) => validatePath(each, `${path}.http.paths[${index}]`))];
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];

function validatePath({ path: route = '', pathType, backend }: HTTPIngressPath, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const absolute = route.startsWith('/');
  if (!pathType) errors.push(field.required(`${at}.pathType`, 'pathType must be specified'));
  else if (!pathTypes.includes(pathType)) errors.push(field.notSupported(`${at}.pathType`, pathType, pathTypes));
  else if (pathType === 'ImplementationSpecific') {
    if (route !== '' && !absolute) errors.push(field.invalid(`${at}.path`, route, 'must be an absolute path'));
  } else if (!absolute) {
    errors.push(field.invalid(`${at}.path`, route, 'must be an absolute path'));
  } else {
    for (const part of ['//', '/./', '/../', '%2f', '%2F'])
      if (route.includes(part)) errors.push(field.invalid(`${at}.path`, route, `must not contain '${part}'`));
    for (const end of ['/..', '/.'])
      if (route.endsWith(end)) errors.push(field.invalid(`${at}.path`, route, `cannot end with '${end}'`));
  }
  return [...errors, ...validateBackend(backend, `${at}.backend`)];
}

function validateBackend({ service, resource }: IngressBackend, path: string): FieldError[] {
  if (service && resource) return [field.invalid(path, '', 'cannot set both resource and service backends')];
  if (resource) return [];
  if (!service) return [field.required(path, 'resource or service backend is required')];
  const { name, port } = service;
  const errors: FieldError[] = [];
  const problem = nameProblem('label1035', name);
  if (name === '') errors.push(field.required(`${path}.service.name`));
  else if (problem) errors.push(field.invalid(`${path}.service.name`, name, problem));
  if (port?.name && port.number) errors.push(field.invalid(path, '', 'cannot set both port name & port number'));
  else if (!port?.name && !port?.number) errors.push(field.required(path, 'port name or number is required'));
  else if (port.number && !isPort(port.number))
    errors.push(field.invalid(`${path}.service.port.number`, port.number, PORT));
  return errors;
}

const validateTls = ({ hosts = [] }: IngressTLS, path: string): FieldError[] =>
  hosts.flatMap((host, index) => validateHost(host, `${path}.hosts[${index}]`));

/** A name, or one with `*` for its first part. */
const validateHost = (host: string, path: string): FieldError[] => validateName(host.replace(/^\*\./, ''), path, host);

function validateName(name: string, path: string, given = name): FieldError[] {
  const problem = nameProblem('subdomain', name);
  return problem ? [field.invalid(path, given, problem)] : [];
}
