// The OpenStack client as a Pod: nothing has to be installed where the command runs.
import type { Pod } from '@stackwright/kube';

export interface ClientPodOptions {
  namespace: string;
  image: string;
  /** Secrets by which the node logs in to the image's registry. */
  imagePullSecrets?: readonly { name: string }[];
  /** Secret with a clouds.yaml. */
  secret: string;
  /** Name of the cloud in it. */
  cloud: string;
  args: readonly string[];
}

const files = ['clouds.yaml', 'ca.crt'].map((file) => ({ key: file, path: file }));

export const clientContainer = 'openstack';

export function clientPod({ namespace, image, imagePullSecrets, secret, cloud, args }: ClientPodOptions): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'openstack-client-',
      namespace,
      labels: { 'app.kubernetes.io/name': 'openstack-client' },
    },
    spec: {
      restartPolicy: 'Never',
      ...(imagePullSecrets ? { imagePullSecrets: [...imagePullSecrets] } : {}),
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 1,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        runAsGroup: 65534,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: clientContainer,
          image,
          command: ['openstack', ...args],
          env: [
            { name: 'HOME', value: '/tmp' },
            { name: 'OS_CLOUD', value: cloud },
            { name: 'OS_CLIENT_CONFIG_FILE', value: '/etc/openstack/clouds.yaml' },
          ],
          volumeMounts: [
            { name: 'clouds', mountPath: '/etc/openstack', readOnly: true },
            { name: 'tmp', mountPath: '/tmp' },
          ],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
      volumes: [
        // Optional, since the authority of Keystone's certificate is only there where clients need it.
        { name: 'clouds', secret: { secretName: secret, optional: true, items: files } },
        { name: 'tmp', emptyDir: {} },
      ],
    },
  };
}
