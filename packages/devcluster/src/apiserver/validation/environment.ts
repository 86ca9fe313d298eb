// Environment variables, and references to fields of the Pod, which volumes have as well.
import type { EnvFromSource, EnvVar, ObjectFieldSelector, ResourceFieldSelector } from 'kubernetes-types/core/v1.d.ts';
import { canonicalQuantity } from '../schema/quantity.js';
import { nameProblems, variableNameProblems } from '../schema/formats.js';
import type { FileKeySelector } from '../schema/newer-fields.js';
import type { Findings } from './findings.js';
import { checkNoBacksteps } from './paths.js';

/** Fields that a variable can have the value of. */
const VARIABLE_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** Fields of a Pod that anything may refer to, if only to be told that it may not here. */
const KNOWN_FIELDS = new Set([
  ...VARIABLE_FIELDS,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);

export function checkEnvironment(findings: Findings, path: string, variables: readonly EnvVar[] | undefined): void {
  findings.each(path, variables, ({ name, value = '', valueFrom }, at) => {
    if (findings.present(`${at}.name`, name)) findings.invalidEach(`${at}.name`, name, variableNameProblems(name));
    if (!valueFrom) return;
    const from = `${at}.valueFrom`;
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
    if (fieldRef) checkFieldRef(findings, `${from}.fieldRef`, fieldRef, VARIABLE_FIELDS);
    if (resourceFieldRef) checkResourceRef(findings, `${from}.resourceFieldRef`, resourceFieldRef, false);
    for (const [kind, ref] of Object.entries({ configMapKeyRef, secretKeyRef })) {
      if (!ref) continue;
      findings.name(`${from}.${kind}.name`, 'subdomain', ref.name ?? '');
      if (findings.present(`${from}.${kind}.key`, ref.key)) findings.configKey(`${from}.${kind}.key`, ref.key);
    }
    if (fileKeyRef) checkFileRef(findings, `${from}.fileKeyRef`, fileKeyRef);
    const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(Boolean).length;
    if (sources === 0) {
      const names = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
      findings.invalid(from, '', `must specify one of: ${names}`);
    } else if (value !== '') findings.invalid(from, '', 'may not be specified when `value` is not empty');
    else if (sources > 1) findings.invalid(from, '', 'may not have more than one field specified at a time');
  });
}

function checkFileRef(findings: Findings, path: string, { key, volumeName, path: file }: FileKeySelector): void {
  if (findings.present(`${path}.key`, key)) findings.invalidEach(`${path}.key`, key, variableNameProblems(key));
  if (findings.present(`${path}.volumeName`, volumeName)) findings.name(`${path}.volumeName`, 'label', volumeName);
  if (findings.present(`${path}.path`, file)) checkNoBacksteps(findings, `${path}.path`, file);
}

export function checkEnvironmentFrom(
  findings: Findings,
  path: string,
  sources: readonly EnvFromSource[] | undefined,
): void {
  findings.each(path, sources, ({ prefix = '', configMapRef, secretRef }, at) => {
    findings.invalidEach(`${at}.prefix`, prefix, variableNameProblems(prefix));
    for (const [kind, ref] of Object.entries({ configMapRef, secretRef })) {
      if (!ref) continue;
      const name = `${at}.${kind}.name`;
      if (findings.present(name, ref.name))
        findings.invalidEach(name, ref.name, nameProblems('subdomain', ref.name, true));
    }
    if (!configMapRef && !secretRef) findings.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (configMapRef && secretRef)
      findings.invalid(path, '', 'may not have more than one field specified at a time');
  });
}

const SUBSCRIPT = /^(.+?)\['(.*)'\]$/s;

export function checkFieldRef(
  findings: Findings,
  path: string,
  { apiVersion = '', fieldPath }: ObjectFieldSelector,
  supported: readonly string[],
): void {
  const at = `${path}.fieldPath`;
  if (!findings.present(`${path}.apiVersion`, apiVersion) || !findings.present(at, fieldPath)) return;
  const cannot = (problem: string): void => findings.invalid(at, fieldPath, `error converting fieldPath: ${problem}`);
  if (apiVersion !== 'v1') return cannot(`unsupported pod version: ${apiVersion}`);
  const [, map, key = ''] = SUBSCRIPT.exec(fieldPath) ?? [];
  if (map === 'metadata.annotations') findings.qualifiedName(path, key.toLowerCase());
  else if (map === 'metadata.labels') findings.qualifiedName(path, key);
  else if (map !== undefined) cannot(`field label does not support subscript: ${fieldPath}`);
  else if (fieldPath !== 'spec.host' && !KNOWN_FIELDS.has(fieldPath)) cannot(`field label not supported: ${fieldPath}`);
  else findings.oneOf(at, fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath, supported);
}

const RESOURCES = ['cpu', 'ephemeral-storage', 'memory'];
const RESOURCE_FIELDS = ['limits', 'requests'].flatMap((kind) => RESOURCES.map((name) => `${kind}.${name}`));
const HUGE_PAGES = /^(limits|requests)\.hugepages-/;

const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** By what comes behind "limits." and "requests.": the divisors, how they are listed, and how the resource is called. */
const divisors: readonly (readonly [RegExp, readonly string[], string, string])[] = [
  [/^(limits|requests)\.cpu$/, ['1m', '1'], '1m and 1', 'cpu'],
  [/^(limits|requests)\.memory$/, BYTE_DIVISORS, BYTE_DIVISORS.join(', '), 'memory'],
  [/^(limits|requests)\.ephemeral-storage$/, BYTE_DIVISORS, BYTE_DIVISORS.join(', '), 'local ephemeral storage'],
  [HUGE_PAGES, BYTE_DIVISORS, BYTE_DIVISORS.join(', '), 'hugepages'],
];

export function checkResourceRef(
  findings: Findings,
  path: string,
  { containerName, resource, divisor = '0' }: ResourceFieldSelector,
  inVolume: boolean,
): void {
  if (inVolume && !containerName) findings.required(`${path}.containerName`);
  else if (findings.present(`${path}.resource`, resource) && !HUGE_PAGES.test(resource))
    findings.oneOf(`${path}.resource`, resource, RESOURCE_FIELDS);
  const text = canonicalQuantity(divisor) ?? divisor;
  if (text === '0') return;
  for (const [fields, supported, listed, name] of divisors) {
    if (fields.test(resource) && !supported.includes(text)) {
      const problem = `only divisor's values ${listed} are supported with the ${name} resource`;
      findings.invalid(`${path}.divisor`, resource, problem);
    }
  }
}
