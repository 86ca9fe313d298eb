// Pods and templates of Pods, as they are made and as they are changed.
import type { Pod } from '@stackwright/kube';
import type { Container, PodSpec, PodTemplateSpec, Toleration } from 'kubernetes-types/core/v1.d.ts';
import { clone, equal } from '../json.js';
import { validateAnnotations, validateLabels } from '../schema/names.js';
import { checkImageOfPod } from './containers.js';
import type { Findings } from './findings.js';
import { checkAnnotationUpdates, checkPodAnnotations, MIRROR } from './pod-annotations.js';
import { checkPodSpec } from './pod-spec.js';

/** Made of nothing but what Go makes of it. */
const EMPTY: PodSpec = { containers: [] };

export function checkPodTemplate(findings: Findings, path: string, template: PodTemplateSpec): void {
  const { metadata = {}, spec = EMPTY } = template;
  // Not under `metadata`: templates have its fields in place of it, as Go sees them.
  findings.add(validateLabels(metadata.labels, `${path}.labels`));
  findings.add(validateAnnotations(metadata.annotations, `${path}.annotations`));
  checkPodAnnotations(findings, `${path}.annotations`, metadata.annotations, spec);
  checkPodSpec(findings, `${path}.spec`, spec);
  if (spec.ephemeralContainers?.length)
    findings.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
}

export function checkNewPod(findings: Findings, pod: Pod): void {
  const { spec = EMPTY } = pod;
  checkPod(findings, pod);
  if (spec.ephemeralContainers?.length) findings.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  if (spec.nodeName && spec.schedulingGates?.length)
    findings.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
}

function checkPod(findings: Findings, { metadata = {}, spec = EMPTY }: Pod): void {
  checkPodAnnotations(findings, 'metadata.annotations', metadata.annotations, spec);
  checkPodSpec(findings, 'spec', spec, { name: metadata.name ?? '' });
  if (!spec.serviceAccountName) {
    findings.each('spec.volumes', spec.volumes, ({ projected }, at) => {
      findings.each(`${at}.projected.sources`, projected?.sources, ({ serviceAccountToken }, source) => {
        if (serviceAccountToken) {
          const problem = 'must not be specified when serviceAccountName is not set';
          findings.forbidden(`${source}.serviceAccountToken`, problem);
        }
      });
    });
  }
  for (const list of ['containers', 'initContainers'] as const)
    findings.each(`spec.${list}`, spec[list], (container, at) => checkImageOfPod(findings, at, container));
}

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

export function checkPodUpdate(findings: Findings, pod: Pod, old: Pod): void {
  const { spec = EMPTY } = pod;
  const { spec: before = EMPTY } = old;
  checkPod(findings, pod);
  checkAnnotationUpdates(findings, pod.metadata?.annotations, old.metadata?.annotations);
  for (const list of ['containers', 'initContainers'] as const) {
    if ((spec[list] ?? []).length === (before[list] ?? []).length) continue;
    findings.forbidden(`spec.${list}`, 'pod updates may not add or remove containers');
    return;
  }
  if (!checkDeadline(findings, spec.activeDeadlineSeconds, before.activeDeadlineSeconds)) return;
  checkKeptTolerations(findings, spec.tolerations ?? [], before.tolerations ?? []);
  checkGatesOnlyGo(findings, spec, before);
  if (!equal(comparable(spec, before), before))
    findings.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE.join(',')}`);
}

/** Time that was given may be made less. */
function checkDeadline(findings: Findings, now: number | undefined, before: number | undefined): boolean {
  const path = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    if (before !== undefined) findings.invalid(path, null, 'must not update from a positive integer to nil value');
    return true;
  }
  // An update says it in another way than a creation does.
  findings.inRange(path, now, 0, 2 ** 31 - 1);
  if (now < 0 || now > 2 ** 31 - 1) return false;
  if (before === undefined || now <= before) return true;
  findings.invalid(path, now, 'must be less than or equal to previous value');
  return false;
}

function checkKeptTolerations(findings: Findings, now: readonly Toleration[], before: readonly Toleration[]): void {
  const timeless = ({ tolerationSeconds: _, ...rest }: Toleration): object => rest;
  const kept = before.every((old) => now.some((toleration) => equal(timeless(toleration), timeless(old))));
  if (!kept)
    findings.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}

function checkGatesOnlyGo(findings: Findings, { schedulingGates }: PodSpec, before: PodSpec): void {
  const known = new Set((before.schedulingGates ?? []).map(({ name }) => name));
  findings.each('spec.schedulingGates', schedulingGates, ({ name }, at) => {
    if (!known.has(name))
      findings.forbidden(`${at}.name`, `only deletion is allowed, but found new scheduling gate '${name}'`);
  });
}

/** The specification with what may differ put back to what it was. */
function comparable(spec: PodSpec, before: PodSpec): PodSpec {
  const copy = clone(spec);
  const restoreImages = (now: Container[] | undefined, old: Container[] | undefined): void => {
    for (const [index, container] of (now ?? []).entries()) {
      const image = old?.[index]?.image;
      if (image !== undefined) container.image = image;
    }
  };
  restoreImages(copy.containers, before.containers);
  restoreImages(copy.initContainers, before.initContainers);
  const wasNegative = (before.terminationGracePeriodSeconds ?? 0) < 0 && copy.terminationGracePeriodSeconds === 1;
  const names: (keyof PodSpec)[] = ['activeDeadlineSeconds', 'tolerations', 'schedulingGates'];
  if (wasNegative) names.push('terminationGracePeriodSeconds');
  // Who waits at a gate may still be told more of where to run.
  if (before.schedulingGates?.length) names.push('nodeSelector', 'affinity');
  for (const name of names) {
    if (before[name] === undefined) delete copy[name];
    else Object.assign(copy, { [name]: before[name] });
  }
  return copy;
}

export function checkEphemeralUpdate(findings: Findings, pod: Pod, old: Pod): void {
  checkPod(findings, pod);
  if (old.metadata?.annotations?.[MIRROR] !== undefined)
    findings.forbidden('', 'static pods do not support ephemeral containers');
  for (const known of old.spec?.ephemeralContainers ?? []) {
    const now = pod.spec?.ephemeralContainers?.find(({ name }) => name === known.name);
    const change = now === undefined ? 'removed' : equal(now, known) ? undefined : 'changed';
    if (change) {
      const problem = `existing ephemeral containers "${known.name}" may not be ${change}`;
      findings.forbidden('spec.ephemeralContainers', problem);
    }
  }
}
