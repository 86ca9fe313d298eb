import type { PodSpec } from '@stackwright/graph';
import { imageOf, resourcesOf } from '@stackwright/openstack';
import { catalog } from '../catalog.js';
import type { MariaDB } from '../crd.js';
import { defaultResources, installCommand, paths, port, upgradeCommand } from './files.js';

export function serverPod(spec: MariaDB['spec'], configSecret: string): PodSpec {
  const image = imageOf(catalog.image, spec.image);
  // Through the socket, as the server's own user: no password is needed, and no half-open connection is logged.
  const ping = { exec: { command: ['mariadb-admin', `--socket=${paths.socket}`, 'ping'] }, timeoutSeconds: 5 };
  const volumes = {
    data: { name: 'data', mountPath: paths.volume },
    run: { name: 'run', mountPath: paths.run },
    tmp: { name: 'tmp', mountPath: '/tmp' },
    config: { name: 'config', mountPath: paths.config, readOnly: true },
  };
  return {
    // Time to write out what is only in memory yet.
    terminationGracePeriodSeconds: 120,
    initContainers: [
      { name: 'install', image, command: installCommand, volumeMounts: [volumes.data, volumes.tmp] },
      { name: 'upgrade', image, command: upgradeCommand, volumeMounts: Object.values(volumes) },
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
        resources: resourcesOf(defaultResources, spec.resources),
        volumeMounts: Object.values(volumes),
      },
    ],
    volumes: [
      { name: 'config', secret: { secretName: configSecret, defaultMode: 0o440 } },
      { name: 'run', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
    ],
  };
}
