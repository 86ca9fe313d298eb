// What makes a Pod or a Pod template invalid: the mistakes that people make, not every rule of a real server.
import type { Container, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { nameProblem, validateLabels } from '../../schema/names.js';
import { validateSpread, validateTolerations } from './pod-placement.js';

export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  if (!template) return [field.required(path)];
  return [
    ...validateLabels(template.metadata?.labels, `${path}.metadata.labels`),
    ...validatePodSpec(template.spec ?? { containers: [] }, `${path}.spec`),
  ];
}

export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const volumes = new Set<string>();
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    const at = `${path}.volumes[${index}]`;
    errors.push(...validateName(volume.name, `${at}.name`, volumes));
    const sources = Object.keys(volume).filter((name) => name !== 'name');
    if (sources.length > 1)
      errors.push(field.forbidden(`${at}.${sources[1] ?? ''}`, 'may not specify more than 1 volume type'));
  }
  if (spec.containers.length === 0) errors.push(field.required(`${path}.containers`));
  const names = new Set<string>();
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      errors.push(...validateContainer(container, `${path}.${list}[${index}]`, names, volumes));
    }
  }
  const policies = ['Always', 'OnFailure', 'Never'];
  if (!policies.includes(spec.restartPolicy ?? ''))
    errors.push(field.notSupported(`${path}.restartPolicy`, spec.restartPolicy, policies));
  const dns = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
  if (!dns.includes(spec.dnsPolicy ?? '')) errors.push(field.notSupported(`${path}.dnsPolicy`, spec.dnsPolicy, dns));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    errors.push(
      field.invalid(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds, NOT_NEGATIVE),
    );
  }
  if (spec.serviceAccountName) {
    const problem = nameProblem('subdomain', spec.serviceAccountName);
    if (problem) errors.push(field.invalid(`${path}.serviceAccountName`, spec.serviceAccountName, problem));
  }
  errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  errors.push(...validateTolerations(spec.tolerations, `${path}.tolerations`));
  errors.push(...validateSpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`));
  if (spec.priorityClassName) {
    const problem = nameProblem('subdomain', spec.priorityClassName);
    if (problem) errors.push(field.invalid(`${path}.priorityClassName`, spec.priorityClassName, problem));
  }
  return errors;
}

export const NOT_NEGATIVE = 'must be greater than or equal to 0';

function validateContainer(
  container: Container,
  path: string,
  names: Set<string>,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const errors = validateName(container.name, `${path}.name`, names);
  if (!container.image) errors.push(field.required(`${path}.image`));
  else if (container.image.trim() !== container.image) {
    errors.push(field.invalid(`${path}.image`, container.image, 'must not have leading or trailing whitespace'));
  }
  const pull = ['Always', 'IfNotPresent', 'Never'];
  if (!pull.includes(container.imagePullPolicy ?? ''))
    errors.push(field.notSupported(`${path}.imagePullPolicy`, container.imagePullPolicy, pull));
  for (const [index, port] of (container.ports ?? []).entries()) {
    if (!isPort(port.containerPort))
      errors.push(field.invalid(`${path}.ports[${index}].containerPort`, port.containerPort, PORT));
  }
  for (const [index, variable] of (container.env ?? []).entries()) {
    const at = `${path}.env[${index}]`;
    if (!variable.name) errors.push(field.required(`${at}.name`));
    else if (/[=\s]/.test(variable.name))
      errors.push(
        field.invalid(`${at}.name`, variable.name, "a valid environment variable name must not contain '=' or spaces"),
      );
    if (variable.value !== undefined && variable.value !== '' && variable.valueFrom) {
      errors.push(field.invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'));
    }
  }
  const mounts = new Set<string>();
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}.volumeMounts[${index}]`;
    if (!volumes.has(mount.name)) errors.push(field.notFound(`${at}.name`, mount.name));
    if (!mount.mountPath) errors.push(field.required(`${at}.mountPath`));
    if (mounts.has(mount.mountPath)) errors.push(field.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    mounts.add(mount.mountPath);
  }
  for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
    if (limit.startsWith('-')) errors.push(field.invalid(`${path}.resources.limits[${name}]`, limit, NOT_NEGATIVE));
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const given = container[probe];
    if (!given) continue;
    const handlers = [given.exec, given.httpGet, given.tcpSocket, given.grpc].filter(
      (handler) => handler !== undefined,
    );
    if (handlers.length === 0) errors.push(field.required(`${path}.${probe}`, 'must specify a handler type'));
    if (handlers.length > 1)
      errors.push(field.forbidden(`${path}.${probe}`, 'may not specify more than 1 handler type'));
    if (probe !== 'readinessProbe' && (given.successThreshold ?? 1) !== 1) {
      errors.push(field.invalid(`${path}.${probe}.successThreshold`, given.successThreshold, 'must be 1'));
    }
  }
  return errors;
}

export const isPort = (port: unknown): boolean => typeof port === 'number' && port >= 1 && port <= 65535;

export const PORT = 'must be between 1 and 65535, inclusive';

function validateName(name: string | undefined, path: string, taken: Set<string>): FieldError[] {
  if (!name) return [field.required(path)];
  const problem = nameProblem('label', name);
  if (problem) return [field.invalid(path, name, problem)];
  if (taken.has(name)) return [field.duplicate(path, name)];
  taken.add(name);
  return [];
}
