// Storage classes: which is provisioned by whom, and where.
import type { StorageClass } from '@stackwright/kube';
import type { TopologySelectorTerm } from 'kubernetes-types/core/v1.d.ts';
import { equal } from '../json.js';
import { IMMUTABLE, type Findings } from './findings.js';

const RECLAIM_POLICIES = ['Delete', 'Retain'];
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer'];
const MAX_PARAMETERS = 512;
const MAX_PARAMETERS_SIZE = 256 * 1024;
const FIXED = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const;

export function checkStorageClass(findings: Findings, storage: StorageClass, old: StorageClass | undefined): void {
  if (old) {
    for (const name of FIXED)
      if (!equal(storage[name], old[name])) findings.invalid(name, storage[name] ?? null, IMMUTABLE);
  }
  const { provisioner, parameters = {}, reclaimPolicy = '', volumeBindingMode = '', allowedTopologies } = storage;
  if (findings.present('provisioner', provisioner)) findings.qualifiedName('provisioner', provisioner.toLowerCase());
  checkParameters(findings, 'parameters', parameters);
  if (reclaimPolicy !== '') findings.oneOf('reclaimPolicy', reclaimPolicy, RECLAIM_POLICIES);
  findings.oneOf('volumeBindingMode', volumeBindingMode, BINDING_MODES);
  checkTopologies(findings, 'allowedTopologies', allowedTopologies ?? []);
}

function checkParameters(findings: Findings, path: string, parameters: Readonly<Record<string, string>>): void {
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) {
    findings.tooLong(path, MAX_PARAMETERS);
    return;
  }
  let size = 0;
  for (const [name, value] of entries) {
    if (name === '') findings.invalid(path, name, 'field can not be empty.');
    size += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (size > MAX_PARAMETERS_SIZE) findings.tooLong(path, MAX_PARAMETERS_SIZE);
}

function checkTopologies(findings: Findings, path: string, terms: readonly TopologySelectorTerm[]): void {
  const before: object[] = [];
  findings.each(path, terms, ({ matchLabelExpressions = [] }, at) => {
    const wanted: Record<string, string[]> = {};
    findings.each(`${at}.matchLabelExpressions`, matchLabelExpressions, ({ key, values }, place) => {
      findings.qualifiedName(`${place}.key`, key);
      if (values.length === 0) findings.required(`${place}.values`);
      for (const [index, value] of values.entries())
        if (values.indexOf(value) < index) findings.duplicate(`${place}.values[${index}]`, value);
      if (key in wanted) findings.duplicate(`${place}.key`, key);
      wanted[key] = [...new Set(values)].sort();
    });
    // One that asks for nothing counts as said before, even when it is the first.
    if (matchLabelExpressions.length === 0 || before.some((other) => equal(other, wanted)))
      findings.duplicate(`${at}.matchLabelExpressions`, '');
    before.push(wanted);
  });
}
