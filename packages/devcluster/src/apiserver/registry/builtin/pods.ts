import type { Pod } from '@stackwright/kube';
import type { PodSpec } from 'kubernetes-types/core/v1.d.ts';
import { clone, equal } from '../../json.js';
import { found } from '../../validation/findings.js';
import { checkEphemeralUpdate, checkNewPod, checkPodUpdate } from '../../validation/pods.js';
import type { Strategy } from '../resource.js';
import { defaultPodSpec } from './pod-defaults.js';

export const podStrategy: Strategy<Pod> = {
  reportsMissing: true,
  generationFields: ['spec'],
  defaults({ spec }) {
    if (!spec) return;
    defaultPodSpec(spec);
    spec.enableServiceLinks ??= true;
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
      const { limits } = container.resources ?? {};
      if (!limits || !container.resources) continue;
      // What is limited is asked for as well, unless less is asked for.
      container.resources.requests = { ...limits, ...container.resources.requests };
    }
  },

  prepareForCreate(pod) {
    if (pod.spec && (pod.spec.terminationGracePeriodSeconds ?? 0) < 0) pod.spec.terminationGracePeriodSeconds = 1;
    setStatus(pod, { phase: 'Pending', qosClass: qosClass(pod.spec) });
  },

  prepareForUpdate(pod, old, { subresource }) {
    if (subresource !== 'ephemeralcontainers' || !old.spec) return;
    // Nothing else can be changed this way.
    const ephemeralContainers = pod.spec?.ephemeralContainers;
    pod.spec = { ...clone(old.spec), ...(ephemeralContainers ? { ephemeralContainers } : {}) };
    if (!ephemeralContainers) delete pod.spec.ephemeralContainers;
  },

  validate: (pod, old, { subresource }) =>
    found((findings) => {
      if (!old) checkNewPod(findings, pod);
      else if (subresource === 'ephemeralcontainers') checkEphemeralUpdate(findings, pod, old);
      else if (subresource !== 'status') checkPodUpdate(findings, pod, old);
    }),

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
