// What one rule of a role allows, and whether rules allow at least what others do.
import type { PolicyRule } from 'kubernetes-types/rbac/v1.d.ts';
import type { AuthorizationAttributes } from '../authorizer.js';

const ALL = '*';

export function allows(rule: PolicyRule, { verb, resource, path = '' }: AuthorizationAttributes): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (!resource) return (rule.nonResourceURLs ?? []).some((pattern) => coversPath(pattern, path));
  const { group, plural, subresource, name = '' } = resource;
  return (
    has(rule.apiGroups, group) &&
    (rule.resources ?? []).some((item) => coversResource(item, subresource ? `${plural}/${subresource}` : plural)) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name))
  );
}

const has = (values: readonly string[] | undefined, value: string): boolean =>
  values !== undefined && (values.includes(ALL) || values.includes(value));

/** "pods" does not cover "pods/log", "*" covers both, and "*\/scale" the scale of everything. */
function coversResource(pattern: string, resource: string): boolean {
  if (pattern === ALL || pattern === resource) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && pattern === `*${resource.slice(slash)}`;
}

const coversPath = (pattern: string, path: string): boolean =>
  pattern === ALL || pattern === path || (pattern.endsWith(ALL) && path.startsWith(pattern.slice(0, -1)));

/** The part of `wanted` that `held` does not allow, cut down to one verb, group, resource and name each. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(atoms).filter((atom) => !held.some((rule) => covers(rule, atom)));
}

function atoms(rule: PolicyRule): PolicyRule[] {
  return rule.verbs.flatMap((verb) => [
    ...(rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((resource) =>
        (rule.resourceNames?.length ? rule.resourceNames : [undefined]).map((name) => ({
          apiGroups: [group],
          resources: [resource],
          ...(name === undefined ? {} : { resourceNames: [name] }),
          verbs: [verb],
        })),
      ),
    ),
    ...(rule.nonResourceURLs ?? []).map((url) => ({ nonResourceURLs: [url], verbs: [verb] })),
  ]);
}

function covers(rule: PolicyRule, atom: PolicyRule): boolean {
  const every = (values: readonly string[] | undefined, covered: (value: string) => boolean): boolean =>
    (values ?? []).every(covered);
  if (!every(atom.verbs, (verb) => has(rule.verbs, verb))) return false;
  if (atom.nonResourceURLs)
    return every(atom.nonResourceURLs, (url) => (rule.nonResourceURLs ?? []).some((held) => coversPath(held, url)));
  return (
    every(atom.apiGroups, (group) => has(rule.apiGroups, group)) &&
    every(atom.resources, (resource) => (rule.resources ?? []).some((held) => coversResource(held, resource))) &&
    (!rule.resourceNames?.length ||
      (atom.resourceNames !== undefined &&
        every(atom.resourceNames, (name) => rule.resourceNames?.includes(name) ?? false)))
  );
}

/** As Go prints it in refusals: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function describeRule({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): string {
  const parts = Object.entries({
    APIGroups: apiGroups,
    Resources: resources,
    ResourceNames: resourceNames,
    NonResourceURLs: nonResourceURLs,
    Verbs: verbs,
  })
    .filter(([, values]) => values !== undefined && values.length > 0)
    .map(([name, values]) => `${name}:${quoted(values ?? [])}`);
  return `{${parts.join(', ')}}`;
}

/** `["a" "b"]`. */
export const quoted = (values: readonly string[]): string => `[${values.map((value) => `"${value}"`).join(' ')}]`;
