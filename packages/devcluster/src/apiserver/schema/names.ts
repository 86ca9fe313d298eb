// Rules for names, labels and the other metadata that every kind has.
import { field, type FieldError } from '../errors.js';
import type { ApiObject } from '../json.js';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

export type NameRule = 'subdomain' | 'label' | 'label1035' | 'path';

export function nameProblem(rule: NameRule, name: string): string | undefined {
  switch (rule) {
    case 'subdomain':
      if (name.length > 253) return 'must be no more than 253 bytes';
      return SUBDOMAIN.test(name)
        ? undefined
        : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    case 'label':
      if (name.length > 63) return 'must be no more than 63 bytes';
      return LABEL.test(name)
        ? undefined
        : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    case 'label1035':
      if (name.length > 63) return 'must be no more than 63 bytes';
      return LABEL_1035.test(name)
        ? undefined
        : "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    case 'path':
      if (name === '.' || name === '..') return `may not be '${name}'`;
      return /[/%]/.test(name) ? "may not contain '/' or '%'" : undefined;
  }
}

export function qualifiedNameProblem(name: string): string | undefined {
  const slash = name.indexOf('/');
  const prefix = slash < 0 ? undefined : name.slice(0, slash);
  const rest = name.slice(slash + 1);
  if (prefix !== undefined) {
    if (prefix === '') return 'prefix part must be non-empty';
    const problem = nameProblem('subdomain', prefix);
    if (problem) return `prefix part ${problem}`;
  }
  if (rest === '') return 'name part must be non-empty';
  if (rest.length > 63) return 'name part must be no more than 63 bytes';
  return QUALIFIED.test(rest)
    ? undefined
    : "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
}

export function labelValueProblem(value: string): string | undefined {
  if (value.length > 63) return 'must be no more than 63 bytes';
  return LABEL_VALUE.test(value)
    ? undefined
    : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
}

export function validateLabels(labels: Record<string, string> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(labels ?? {})) {
    const keyProblem = qualifiedNameProblem(name);
    if (keyProblem) errors.push(field.invalid(path, name, keyProblem));
    const valueProblem = labelValueProblem(value);
    if (valueProblem) errors.push(field.invalid(path, value, valueProblem));
  }
  return errors;
}

const MAX_ANNOTATIONS = 256 * 1024;

export function validateMetadata(object: ApiObject, rule: NameRule): FieldError[] {
  const { metadata } = object;
  const errors: FieldError[] = [];
  const name = metadata.name ?? '';
  if (name === '') errors.push(field.required('metadata.name', 'name or generateName is required'));
  else {
    const problem = nameProblem(rule, name);
    if (problem) errors.push(field.invalid('metadata.name', name, problem));
  }
  errors.push(...validateLabels(metadata.labels, 'metadata.labels'));
  let size = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    // Annotation keys may have upper-case prefixes.
    const problem = qualifiedNameProblem(key.toLowerCase());
    if (problem) errors.push(field.invalid('metadata.annotations', key, problem));
    size += key.length + value.length;
  }
  if (size > MAX_ANNOTATIONS) errors.push(field.tooLong('metadata.annotations', MAX_ANNOTATIONS));
  errors.push(...validateOwners(object));
  for (const finalizer of metadata.finalizers ?? []) {
    const problem = qualifiedNameProblem(finalizer);
    if (problem) errors.push(field.invalid('metadata.finalizers', finalizer, problem));
  }
  return errors;
}

function validateOwners(object: ApiObject): FieldError[] {
  const errors: FieldError[] = [];
  const owners = object.metadata.ownerReferences ?? [];
  for (const [index, owner] of owners.entries()) {
    for (const part of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!owner[part])
        errors.push(field.required(`metadata.ownerReferences[${index}].${part}`, `${part} must not be empty`));
    }
  }
  if (owners.filter((owner) => owner.controller).length > 1) {
    errors.push(
      field.invalid('metadata.ownerReferences', owners, 'Only one reference can have Controller set to true'),
    );
  }
  return errors;
}
