// What all our containers have in common: no root, no privileges, nothing writable but what is mounted for it, no access to
// the API, and the end of the log where a controller can see it when a container ends.
import type { Pod } from '@stackwright/kube';

export type PodSpec = NonNullable<Pod['spec']>;
export type Container = PodSpec['containers'][number];

/** Whom containers run as; files on volumes belong to the group. */
export interface PodUser {
  uid: number;
  gid: number;
}

export function restrictedPod(user: PodUser): NonNullable<PodSpec['securityContext']> {
  return {
    runAsNonRoot: true,
    runAsUser: user.uid,
    runAsGroup: user.gid,
    fsGroup: user.gid,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

export function restrictedContainer(): NonNullable<Container['securityContext']> {
  return { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
}

/** The Pod with our defaults; what it says itself wins, so that an exception can be read where it is made. */
export function restricted(pod: PodSpec, user: PodUser): PodSpec {
  const container = (one: Container): Container => ({
    terminationMessagePolicy: 'FallbackToLogsOnError',
    ...one,
    securityContext: { ...restrictedContainer(), ...one.securityContext },
  });
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...pod,
    securityContext: { ...restrictedPod(user), ...pod.securityContext },
    containers: pod.containers.map(container),
    ...(pod.initContainers ? { initContainers: pod.initContainers.map(container) } : {}),
  };
}
