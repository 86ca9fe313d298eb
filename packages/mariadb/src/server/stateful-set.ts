import type { Service, StatefulSet } from '@stackwright/kube';
import { restricted, type Desired } from '@stackwright/core';
import { imageOf, resourcesOf } from '@stackwright/openstack';
import { catalog, currentVersion } from '../catalog.js';
import type { MariaDB } from '../crd.js';
import { installScript, paths, port } from './files.js';

export interface ServerOptions {
  name: string;
  labels: Readonly<Record<string, string>>;
  spec: MariaDB['spec'];
  /** Size of the volume: that of the one that is there, once there is one. */
  storage: string;
  configSecret: string;
  configHash: string;
}

export const headlessService = (name: string): string => `${name}-headless`;

/** The one that clients use, and the one that gives the Pod its name. */
export function services({ name, labels }: Pick<ServerOptions, 'name' | 'labels'>): Desired<Service>[] {
  const ports = [{ name: 'mysql', port, targetPort: 'mysql' }];
  return [
    { metadata: { name }, spec: { selector: { ...labels }, ports } },
    {
      metadata: { name: headlessService(name) },
      spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: { ...labels }, ports },
    },
  ];
}

export function statefulSet(options: ServerOptions): Desired<StatefulSet> {
  const { name, labels, spec, configSecret, configHash } = options;
  const image = imageOf(catalog.releases[currentVersion], spec.image);
  // Through the socket, as the server's own user: no password is needed, and no half-open connection is logged.
  const ping = { exec: { command: ['mariadb-admin', `--socket=${paths.socket}`, 'ping'] }, timeoutSeconds: 5 };
  const volumes = {
    data: { name: 'data', mountPath: paths.volume },
    run: { name: 'run', mountPath: paths.run },
    tmp: { name: 'tmp', mountPath: '/tmp' },
    config: { name: 'config', mountPath: paths.config, readOnly: true },
  };
  return {
    metadata: { name },
    spec: {
      replicas: spec.replicas,
      serviceName: headlessService(name),
      // In order, a Pod that never became ready would not be replaced by one of a template that is right again
      // (kubernetes.io: StatefulSets, "Forced rollback").
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { ...labels } },
      template: {
        metadata: { labels: { ...labels }, annotations: { 'stackwright.dev/config-hash': configHash } },
        spec: restricted(
          {
            // Time to write out what is only in memory yet.
            terminationGracePeriodSeconds: 120,
            initContainers: [
              {
                name: 'install',
                image,
                command: ['sh', '-c', installScript],
                volumeMounts: [volumes.data, volumes.tmp],
              },
            ],
            containers: [
              {
                name: 'mariadb',
                image,
                command: ['mariadbd', `--defaults-file=${paths.config}/my.cnf`, `--init-file=${paths.config}/init.sql`],
                ports: [{ name: 'mysql', containerPort: port }],
                // Recovery after a crash may take minutes.
                startupProbe: { ...ping, periodSeconds: 1, failureThreshold: 900 },
                livenessProbe: { ...ping, periodSeconds: 20, failureThreshold: 6 },
                readinessProbe: { ...ping, periodSeconds: 5 },
                resources: resourcesOf({ requests: { cpu: '100m', memory: '512Mi' } }, spec.resources),
                volumeMounts: Object.values(volumes),
              },
            ],
            volumes: [
              { name: 'config', secret: { secretName: configSecret, defaultMode: 0o440 } },
              { name: 'run', emptyDir: {} },
              { name: 'tmp', emptyDir: {} },
            ],
          },
          catalog.user,
        ),
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: options.storage } } },
        },
      ],
    },
  };
}
