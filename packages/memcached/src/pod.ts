import type { PodSpec } from '@stackwright/graph';
import { parseQuantity } from '@stackwright/kube';
import { imageOf, podNames, resourcesOf } from '@stackwright/openstack';
import { catalog } from './catalog.js';
import type { Memcached } from './crd.js';

export const port = 11211;

export const clientService = false;

/** host:port of each server. By the Pods' own names: a client that hashes keys needs to tell the servers apart. */
export function serversOf(memcached: Readonly<Memcached>): readonly string[] {
  return podNames(memcached, { clientService }).map((host) => `${host}:${port}`);
}

export function serverPod(spec: Memcached['spec']): PodSpec {
  const megabytes = Math.floor(parseQuantity(spec.memory) / 2 ** 20);
  const probe = { tcpSocket: { port: 'memcache' } };
  return {
    containers: [
      {
        name: 'memcached',
        image: imageOf(catalog.image, spec.image),
        // No UDP: it has been misused to amplify attacks. Without an address it listens on those of each family that there is.
        command: ['memcached', '-m', `${megabytes}`, '-c', '1024', '-U', '0', '-p', `${port}`],
        ports: [{ name: 'memcache', containerPort: port }],
        startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 30 },
        livenessProbe: { ...probe, periodSeconds: 20 },
        readinessProbe: { ...probe, periodSeconds: 5 },
        // Beside what is kept: connections, hash table, the program.
        resources: resourcesOf({ requests: { cpu: '10m', memory: `${megabytes + 32}Mi` } }, spec.resources),
      },
    ],
  };
}
