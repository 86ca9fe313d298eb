import type { Pod } from '@stackwright/kube';
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { field, type FieldError } from '../../errors.js';
import { clone, equal } from '../../json.js';
import type { Strategy } from '../resource.js';
import { defaultPodSpec } from './pod-defaults.js';
import { validateEphemeral } from './ephemeral-containers.js';
import { validatePodSpec } from './pod-validation.js';

export const podStrategy: Strategy<Pod> = {
  defaults({ spec }) {
    if (!spec) return;
    defaultPodSpec(spec);
    spec.enableServiceLinks ??= true;
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      const { limits } = container.resources ?? {};
      if (!limits || !container.resources) continue;
      // What is limited is asked for as well, unless less is asked for.
      container.resources.requests = { ...limits, ...container.resources.requests };
    }
  },

  prepareForCreate(pod) {
    setStatus(pod, { phase: 'Pending', qosClass: qosClass(pod.spec) });
  },

  prepareForUpdate(pod, old, { subresource }) {
    if (subresource !== 'ephemeralcontainers' || !old.spec) return;
    // Nothing else can be changed this way.
    const ephemeralContainers = pod.spec?.ephemeralContainers;
    pod.spec = { ...clone(old.spec), ...(ephemeralContainers ? { ephemeralContainers } : {}) };
    if (!ephemeralContainers) delete pod.spec.ephemeralContainers;
  },

  validate(pod, old, { subresource }) {
    const spec = pod.spec ?? { containers: [] };
    const errors = validatePodSpec(spec, 'spec');
    if (subresource === 'ephemeralcontainers') return [...errors, ...validateEphemeral(spec, old?.spec)];
    if (!old && spec.ephemeralContainers)
      errors.push(field.forbidden('spec.ephemeralContainers', 'cannot be set on create'));
    if (old && !equal(fixed(spec, old.spec), fixed(old.spec ?? { containers: [] }, spec))) errors.push(IMMUTABLE);
    return errors;
  },

  fields: ({ spec, status }) => ({
    'spec.nodeName': spec?.nodeName ?? '',
    'spec.restartPolicy': spec?.restartPolicy ?? '',
    'spec.schedulerName': spec?.schedulerName ?? '',
    'spec.serviceAccountName': spec?.serviceAccountName ?? '',
    'spec.hostNetwork': String(spec?.hostNetwork ?? false),
    'status.phase': status?.phase ?? '',
    'status.podIP': status?.podIP ?? '',
    'status.nominatedNodeName': status?.nominatedNodeName ?? '',
  }),

  gracePeriod({ spec, status }, asked) {
    // Nobody stops what never ran, or what has ended.
    if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0;
    return Math.max(asked ?? spec.terminationGracePeriodSeconds ?? 30, 0);
  },
};

const IMMUTABLE: FieldError = field.forbidden(
  'spec',
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
);

/** The parts of a specification that may never change. A Pod without a node may be given one. */
function fixed(spec: PodSpec, other: PodSpec | undefined): PodSpec {
  const copy = clone(spec);
  for (const container of [...copy.containers, ...(copy.initContainers ?? [])]) delete container.image;
  delete copy.activeDeadlineSeconds;
  delete copy.tolerations;
  delete copy.terminationGracePeriodSeconds;
  delete copy.schedulingGates;
  if (!copy.nodeName || !other?.nodeName) delete copy.nodeName;
  return copy;
}

function qosClass(spec: PodSpec | undefined): string {
  const resources = (spec?.containers ?? []).map((container) => container.resources ?? {});
  if (resources.every(({ limits, requests }) => !limits && !requests)) return 'BestEffort';
  const guaranteed = resources.every(
    ({ limits, requests }) =>
      limits?.['cpu'] !== undefined && limits['memory'] !== undefined && equal({ ...limits, ...requests }, limits),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** `status` is read-only in the types, for clients; the server is the one that writes it. */
export function setStatus<T extends object>(object: T, status: T extends { status?: infer S } ? S : never): void {
  (object as { status?: unknown }).status = status;
}
