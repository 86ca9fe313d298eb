// Rules for names, labels and the other metadata that every kind has.
import type { OwnerReference } from '@stackwright/kube';
import { field, type FieldError } from '../errors.js';
import type { ApiObject } from '../json.js';
import { labelValueProblems, nameProblems, qualifiedNameProblems, type NameRule } from './formats.js';

export const invalidEach = (path: string, value: unknown, problems: readonly string[]): FieldError[] =>
  problems.map((problem) => field.invalid(path, value, problem));

export function validateLabels(labels: Record<string, string> | undefined, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([name, value]) => [
    ...invalidEach(path, name, qualifiedNameProblems(name)),
    ...invalidEach(path, value, labelValueProblems(value)),
  ]);
}

const MAX_ANNOTATIONS = 256 * 1024;

export function validateAnnotations(annotations: Record<string, string> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    // Annotation keys may have upper-case prefixes.
    errors.push(...invalidEach(path, key, qualifiedNameProblems(key.toLowerCase())));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > MAX_ANNOTATIONS) errors.push(field.tooLong(path, MAX_ANNOTATIONS));
  return errors;
}

export function validateMetadata({ metadata }: ApiObject, rule: NameRule): FieldError[] {
  const { name = '', generateName = '', finalizers = [] } = metadata;
  const errors = invalidEach('metadata.generateName', generateName, generateNameProblems(rule, generateName));
  if (name === '') errors.push(field.required('metadata.name', 'name or generateName is required'));
  else errors.push(...invalidEach('metadata.name', name, nameProblems(rule, name)));
  errors.push(
    ...validateLabels(metadata.labels, 'metadata.labels'),
    ...validateAnnotations(metadata.annotations, 'metadata.annotations'),
    ...validateOwners(metadata.ownerReferences ?? []),
    ...finalizers.flatMap((finalizer) =>
      invalidEach('metadata.finalizers', finalizer, qualifiedNameProblems(finalizer)),
    ),
  );
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const problem = 'finalizer orphan and foregroundDeletion cannot be both set';
    errors.push(field.invalid('metadata.finalizers', finalizers, problem));
  }
  return errors;
}

const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

export const BARE_FINALIZER = 'name is neither a standard finalizer name nor is it fully qualified';

export const isBareFinalizer = (name: string): boolean => !name.includes('/') && !STANDARD_FINALIZERS.has(name);

const generateNameProblems = (rule: NameRule, prefix: string): string[] =>
  prefix === '' ? [] : nameProblems(rule, prefix, true);

const OWNERS = 'metadata.ownerReferences';

function validateOwners(owners: readonly OwnerReference[]): FieldError[] {
  const errors: FieldError[] = [];
  let first: string | undefined;
  for (const owner of owners) {
    const { apiVersion = '', kind = '', name = '', uid = '', controller } = owner;
    if (!/^(?:[^/]*\/)?[^/]+$/.test(apiVersion))
      errors.push(field.invalid(`${OWNERS}.apiVersion`, apiVersion, 'version must not be empty'));
    for (const [part, value] of Object.entries({ kind, name, uid }))
      if (value === '') errors.push(field.invalid(`${OWNERS}.${part}`, value, 'must not be empty'));
    if (apiVersion === 'v1' && kind === 'Event')
      errors.push(field.invalid(OWNERS, owner, '/v1, Kind=Event is disallowed from being an owner'));
    if (!controller) continue;
    const own = `${kind}/${name}`;
    if (first === undefined) first = own;
    else {
      const problem = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${own}`;
      errors.push(field.invalid(OWNERS, owners, problem));
    }
  }
  return errors;
}
