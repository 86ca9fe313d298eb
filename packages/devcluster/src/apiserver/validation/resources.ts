// What containers ask for and may use at most.
import { compareQuantities, quantityNanos } from '@stackwright/kube';
import type { ResourceClaim, ResourceRequirements } from 'kubernetes-types/core/v1.d.ts';
import { qualifiedNameProblems } from '../schema/formats.js';
import { NOT_NEGATIVE, type Findings } from './findings.js';

const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const COUNTED = ['services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims'];
const INTEGERS = new Set(['pods', 'resourcequotas', ...COUNTED, 'services.nodeports', 'services.loadbalancers']);
const STANDARD = new Set([
  ...CONTAINER_RESOURCES,
  ...[...CONTAINER_RESOURCES].flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  ...INTEGERS,
  'storage',
  'requests.storage',
]);
const HUGE_PAGES = 'hugepages-';
const NATIVE = 'kubernetes.io/';

const isNative = (name: string): boolean => !name.includes('/') || name.includes(NATIVE);
const isHugePages = (name: string): boolean => name.startsWith(HUGE_PAGES);
/** More may be promised than there is. */
const mayOvercommit = (name: string): boolean => isNative(name) && !isHugePages(name);

const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && qualifiedNameProblems(`requests.${name}`).length === 0;

const NANO = 10n ** 9n;

export function checkQuantity(findings: Findings, path: string, name: string, quantity: string): void {
  if (quantityNanos(quantity) < 0n) findings.invalid(path, quantity, NOT_NEGATIVE);
  if ((INTEGERS.has(name) || isExtended(name)) && quantityNanos(quantity) % NANO !== 0n)
    findings.invalid(path, quantity, 'must be an integer');
}

/** `claims`: the names that the Pod's resource claims have. */
export function checkResources(
  findings: Findings,
  path: string,
  { limits = {}, requests = {}, claims = [] }: ResourceRequirements,
  podClaims: readonly string[],
): void {
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  for (const [name, quantity] of Object.entries(limits))
    checkAmount(findings, `${path}.limits[${name}]`, name, quantity);
  for (const [name, quantity] of Object.entries(requests)) {
    checkAmount(findings, `${path}.requests[${name}]`, name, quantity);
    const limit = limits[name];
    if (limit === undefined) {
      if (!mayOvercommit(name))
        findings.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
      continue;
    }
    const order = compareQuantities(quantity, limit);
    if (order !== 0 && !mayOvercommit(name))
      findings.invalid(`${path}.requests`, quantity, `must be equal to ${name} limit of ${limit}`);
    else if (order > 0)
      findings.invalid(`${path}.requests`, quantity, `must be less than or equal to ${name} limit of ${limit}`);
  }
  if (names.some(isHugePages) && !names.some((name) => name === 'cpu' || name === 'memory'))
    findings.forbidden(path, 'HugePages require cpu or memory');
  checkClaims(findings, `${path}.claims`, claims, podClaims);
}

function checkAmount(findings: Findings, path: string, name: string, quantity: string): void {
  checkResourceName(findings, path, name);
  checkQuantity(findings, path, name, quantity);
  if (isHugePages(name) && !fillsPages(name, quantity))
    findings.invalid(path, quantity, `${quantity} is not positive integer multiple of ${name}`);
}

function checkResourceName(findings: Findings, path: string, name: string): void {
  const problems = qualifiedNameProblems(name);
  findings.invalidEach(path, name, problems);
  if (!name.includes('/')) {
    if (problems.length === 0 && !STANDARD.has(name) && !isHugePages(name))
      findings.invalid(path, name, 'must be a standard resource type or fully qualified');
    if (!CONTAINER_RESOURCES.has(name) && !isHugePages(name))
      findings.invalid(path, name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtended(name)) {
    findings.invalid(path, name, "doesn't follow extended resource name standard");
  }
}

function fillsPages(name: string, quantity: string): boolean {
  try {
    const page = quantityNanos(name.slice(HUGE_PAGES.length));
    return page > 0n && page % NANO === 0n && quantityNanos(quantity) % page === 0n;
  } catch {
    return false;
  }
}

function checkClaims(
  findings: Findings,
  path: string,
  claims: readonly ResourceClaim[],
  podClaims: readonly string[],
): void {
  const taken = new Set<string>();
  findings.each(path, claims, ({ name, request }, at) => {
    if (request) findings.name(`${at}.request`, 'label', request);
    if (!findings.present(at, name)) return;
    if (taken.has(name)) findings.duplicate(at, name);
    taken.add(name);
    if (podClaims.includes(name)) return;
    const names = [...podClaims].sort().join(', ');
    findings.errors.push({
      type: 'FieldValueNotFound',
      field: at,
      message: `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${names ? `: ${names}` : ' which is empty'}`,
    });
  });
}
