// Which requests a webhook or a policy is about.
import { matchesSelector } from '@stackwright/kube';
import type { RuleWithOperations } from 'kubernetes-types/admissionregistration/v1.d.ts';
import type { LabelSelector } from 'kubernetes-types/meta/v1.d.ts';
import type { AdmissionAttributes } from '../admission.js';
import type { ServerContext } from '../context.js';
import type { ServedResource } from '../registry/resource.js';

/** With what the types leave out. */
export interface Rule extends RuleWithOperations {
  // "pods", "pods/status", "pods/*", "*" or "*/*".
  resources?: string[];
  /** "Namespaced", "Cluster" or "*". */
  scope?: string;
  /** For policies only. */
  resourceNames?: string[];
}

export interface Matcher {
  rules: readonly Rule[];
  exclude?: readonly Rule[];
  matchPolicy?: string | undefined;
  namespaceSelector?: LabelSelector | undefined;
  objectSelector?: LabelSelector | undefined;
}

/** The resource as which the request is to be shown: its own, or another version that the rules name. */
export function match(
  context: ServerContext,
  matcher: Matcher,
  attributes: AdmissionAttributes,
): ServedResource | undefined {
  const { resource } = attributes;
  if (EXEMPT.has(resource.storage)) return undefined;
  if (!namespaceMatches(context, matcher.namespaceSelector, attributes)) return undefined;
  if (!objectMatches(matcher.objectSelector, attributes)) return undefined;
  const same = [resource, ...(matcher.matchPolicy === 'Exact' ? [] : equivalents(context, resource))];
  const named = (rules: Matcher['rules'], candidate: ServedResource): boolean =>
    rules.some((rule) => ruleMatches(rule, candidate, attributes));
  if (same.some((candidate) => named(matcher.exclude ?? [], candidate))) return undefined;
  return same.find((candidate) => named(matcher.rules, candidate));
}

/** Nothing may keep its own configuration from being mended. */
const EXEMPT = new Set(
  [
    'mutatingwebhookconfigurations',
    'validatingwebhookconfigurations',
    'validatingadmissionpolicies',
    'validatingadmissionpolicybindings',
  ].map((plural) => `admissionregistration.k8s.io/${plural}`),
);

const equivalents = ({ registry }: ServerContext, resource: ServedResource): ServedResource[] =>
  registry.all().filter((other) => other.storage === resource.storage && other !== resource);

function ruleMatches(
  rule: Rule,
  resource: ServedResource,
  { operation, subresource, name }: AdmissionAttributes,
): boolean {
  const allows = (allowed: readonly string[] | undefined, value: string): boolean =>
    allowed?.includes('*') === true || allowed?.includes(value) === true;
  if (!allows(rule.operations, operation)) return false;
  if (!allows(rule.apiGroups, resource.group) || !allows(rule.apiVersions, resource.version)) return false;
  if (rule.resourceNames && rule.resourceNames.length > 0 && !rule.resourceNames.includes(name)) return false;
  if (rule.scope === 'Namespaced' && !resource.namespaced) return false;
  if (rule.scope === 'Cluster' && resource.namespaced) return false;
  return (rule.resources ?? []).some((pattern) => {
    const [plural, part] = pattern.split('/');
    return (plural === '*' || plural === resource.plural) && (part === '*' || part === subresource);
  });
}

function namespaceMatches(
  { store }: ServerContext,
  selector: LabelSelector | undefined,
  { resource, namespace, name, object, oldObject }: AdmissionAttributes,
): boolean {
  if (isEmpty(selector)) return true;
  if (resource.storage === '/namespaces') {
    const labels = (object ?? oldObject ?? store.get('/namespaces', name))?.metadata.labels;
    return matchesSelector(selector, labels);
  }
  if (namespace === undefined) return true;
  return matchesSelector(selector, store.get('/namespaces', namespace)?.metadata.labels);
}

function objectMatches(selector: LabelSelector | undefined, { object, oldObject }: AdmissionAttributes): boolean {
  if (isEmpty(selector)) return true;
  return [object, oldObject].some((one) => one !== undefined && matchesSelector(selector, one.metadata.labels));
}

const isEmpty = (selector: LabelSelector | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;
