// Pod security: what the labels of a namespace ask is refused, or warned of, when a Pod comes, or what Pods are made from.
import type { Pod } from '@stackwright/kube';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.d.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.js';
import type { ServerContext } from '../context.js';
import { forbidden, invalid } from '../errors.js';
import { at, equal, type ApiObject } from '../json.js';
import type { Template } from './check.js';
import { inDetail, inShort, violationsOf } from './evaluate.js';
import { isOpen, isStricter, policyOf, same, shown, type LevelVersion } from './policy.js';

/** Where the template of what makes Pods is; the Pod itself has none. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  '/podtemplates': ['template'],
  '/replicationcontrollers': ['spec', 'template'],
  'apps/replicasets': ['spec', 'template'],
  'apps/deployments': ['spec', 'template'],
  'apps/statefulsets': ['spec', 'template'],
  'apps/daemonsets': ['spec', 'template'],
  'batch/jobs': ['spec', 'template'],
  'batch/cronjobs': ['spec', 'jobTemplate', 'spec', 'template'],
};

export function podSecurity(context: ServerContext): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    validate(attributes) {
      const { operation, resource } = attributes;
      if (operation === 'DELETE') return;
      if (resource.storage === '/namespaces') checkNamespace(context, attributes);
      else if (resource.storage === '/pods') checkPod(context, attributes);
      else if (resource.storage in TEMPLATES) warnOfTemplate(context, attributes);
    },
  };
}

const labelsOf = ({ store }: ServerContext, namespace = '') => store.get('/namespaces', namespace)?.metadata.labels;

/** Subresources by which no Pod comes to run something else. */
const HARMLESS = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);

function checkPod(context: ServerContext, attributes: AdmissionAttributes): void {
  const { subresource, namespace, object, oldObject, resource, name } = attributes;
  if (subresource !== undefined && HARMLESS.has(subresource)) return;
  const { policy } = policyOf(labelsOf(context, namespace));
  const pod = object as Pod | undefined;
  if (isOpen(policy) || !pod?.spec || (oldObject && !runsOtherwise(pod, oldObject as Pod))) return;
  const template: Template = { metadata: pod.metadata ?? {}, spec: pod.spec };
  const violations = violationsOf(policy.enforce, template);
  if (violations.length > 0)
    throw forbidden(resource, name, `violates PodSecurity "${shown(policy.enforce)}": ${inDetail(violations)}`);
  warn(attributes, policy.warn, template);
}

/** Images can be changed, and containers added; all else of a Pod stays as it was looked at when it came. */
function runsOtherwise({ spec }: Pod, { spec: old }: Pod): boolean {
  const images = (of: Pod['spec'], list: 'containers' | 'initContainers'): unknown =>
    of?.[list]?.map(({ image }) => image);
  if ((['containers', 'initContainers'] as const).some((list) => !equal(images(spec, list), images(old, list))))
    return true;
  return (spec?.ephemeralContainers ?? []).some(
    ({ name, image }) => old?.ephemeralContainers?.find((each) => each.name === name)?.image !== image,
  );
}

function warn({ warnings }: AdmissionAttributes, level: LevelVersion, template: Template): void {
  const violations = violationsOf(level, template);
  if (violations.length > 0) warnings.push(`would violate PodSecurity "${shown(level)}": ${inDetail(violations)}`);
}

/** It is the Pods that are refused, when they come: who writes the template is told before. */
function warnOfTemplate(context: ServerContext, attributes: AdmissionAttributes): void {
  const { subresource, namespace, object, resource } = attributes;
  if (subresource !== undefined || !object) return;
  const { policy } = policyOf(labelsOf(context, namespace));
  const template = at(object, ...(TEMPLATES[resource.storage] ?? [])) as PodTemplateSpec | undefined;
  if (template?.spec) warn(attributes, policy.warn, { metadata: template.metadata ?? {}, spec: template.spec });
}

function checkNamespace(context: ServerContext, attributes: AdmissionAttributes): void {
  const { subresource, object, oldObject, resource, name, warnings } = attributes;
  if (subresource !== undefined || !object) return;
  const now = policyOf(object.metadata.labels);
  const before = oldObject && policyOf(oldObject.metadata.labels);
  // Labels from before somebody looked at them are nobody's fault who changes something else.
  if (now.errors.length > 0 && !(before && equal(now.errors, before.errors))) throw invalid(resource, name, now.errors);
  if (!before) return;
  const [level, old] = [now.policy.enforce, before.policy.enforce];
  if (same(level, old) || (level.minor === old.minor && !isStricter(level, old))) return;
  warnings.push(...complaintsAboutPods(context.store.list('/pods', name), name, level));
}

/** Of Pods that are there: they stay, and their like would not come again. Those of one controller are alike. */
function complaintsAboutPods(pods: readonly ApiObject[], namespace: string, level: LevelVersion): string[] {
  const complaints = new Map<string, string[]>();
  for (const { metadata, spec } of pods as readonly Pod[]) {
    const violations = spec ? violationsOf(level, { metadata: metadata ?? {}, spec }) : [];
    if (violations.length === 0) continue;
    const complaint = inShort(violations);
    complaints.set(complaint, [...(complaints.get(complaint) ?? []), metadata?.name ?? '']);
  }
  if (complaints.size === 0) return [];
  const others = (count: number): string =>
    count === 0 ? '' : ` (and ${count} other ${count === 1 ? 'pod' : 'pods'})`;
  return [
    `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${shown(level)}"`,
    ...[...complaints]
      .map(([complaint, names]) => `${names.sort()[0] ?? ''}${others(names.length - 1)}: ${complaint}`)
      .sort(),
  ];
}
