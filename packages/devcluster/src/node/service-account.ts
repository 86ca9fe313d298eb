import type { Pod, ServiceAccount } from '@stackwright/kube';
import type { Container, Volume } from 'kubernetes-types/core/v1.d.ts';
import type { Stored } from '../shared/objects.js';

export const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME = 'kube-api-access';

/**
 * The Pod with its ServiceAccount's token mounted, as the API server's admission does it. Unchanged where admission
 * has done so already, or where the Pod or its account wants none.
 */
export function withToken(pod: Stored<Pod>, account: ServiceAccount | undefined): Stored<Pod> {
  const { spec } = pod;
  if (!spec || !(spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true)) return pod;
  const hasToken = (container: Container): boolean =>
    container.volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_PATH) ?? false;
  if ([...(spec.initContainers ?? []), ...spec.containers].every(hasToken)) return pod;
  const mounted = (container: Container): Container =>
    hasToken(container)
      ? container
      : {
          ...container,
          volumeMounts: [...(container.volumeMounts ?? []), { name: VOLUME, mountPath: TOKEN_PATH, readOnly: true }],
        };
  return {
    ...pod,
    spec: {
      ...spec,
      containers: spec.containers.map(mounted),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(mounted) } : {}),
      volumes: [...(spec.volumes ?? []), tokenVolume],
    },
  };
}

const tokenVolume: Volume = {
  name: VOLUME,
  projected: {
    defaultMode: 0o644,
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ],
  },
};
