// What all our containers have in common: no root, no privileges, nothing writable but what is mounted for it.
import type { Deployment } from '@stackwright/kube';

type PodSpec = NonNullable<NonNullable<Deployment['spec']>['template']['spec']>;

/** `user` as the image has it; files on volumes belong to its group. */
export function restrictedPod(user: { uid: number; gid: number }): NonNullable<PodSpec['securityContext']> {
  return {
    runAsNonRoot: true,
    runAsUser: user.uid,
    runAsGroup: user.gid,
    fsGroup: user.gid,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

export function restrictedContainer(): NonNullable<PodSpec['containers'][number]['securityContext']> {
  return { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
}
