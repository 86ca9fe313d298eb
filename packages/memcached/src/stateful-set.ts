import { restricted, type Desired } from '@stackwright/core';
import { parseQuantity, type Service, type StatefulSet } from '@stackwright/kube';
import { imageOf, resourcesOf } from '@stackwright/openstack';
import { catalog, currentVersion } from './catalog.js';
import type { Memcached } from './crd.js';

const port = 11211;

/** host:port of each server. By the Pods' own names: a client that hashes keys needs to tell the servers apart. */
export function serversOf(memcached: Readonly<Memcached>): readonly string[] {
  const { name = '', namespace = '' } = memcached.metadata ?? {};
  return Array.from(
    { length: memcached.spec.replicas },
    (_, index) => `${name}-${index}.${name}.${namespace}.svc:${port}`,
  );
}

type Labels = Readonly<Record<string, string>>;

/** Headless: it gives the Pods their names. */
export function service(name: string, labels: Labels): Desired<Service> {
  return {
    metadata: { name },
    spec: { clusterIP: 'None', selector: { ...labels }, ports: [{ name: 'memcache', port, targetPort: 'memcache' }] },
  };
}

export function statefulSet(name: string, labels: Labels, spec: Memcached['spec']): Desired<StatefulSet> {
  const megabytes = Math.floor(parseQuantity(spec.memory) / 2 ** 20);
  const probe = { tcpSocket: { port: 'memcache' } };
  return {
    metadata: { name },
    spec: {
      replicas: spec.replicas,
      serviceName: name,
      // They do not know of each other.
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { ...labels } },
      template: {
        metadata: { labels: { ...labels } },
        spec: restricted(
          {
            containers: [
              {
                name: 'memcached',
                image: imageOf(catalog.releases[currentVersion], spec.image),
                // No UDP: it has been misused to amplify attacks.
                command: ['memcached', '-m', `${megabytes}`, '-c', '1024', '-U', '0', '-l', '0.0.0.0', '-p', `${port}`],
                ports: [{ name: 'memcache', containerPort: port }],
                startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 30 },
                livenessProbe: { ...probe, periodSeconds: 20 },
                readinessProbe: { ...probe, periodSeconds: 5 },
                // Beside what is kept: connections, hash table, the program.
                resources: resourcesOf({ requests: { cpu: '10m', memory: `${megabytes + 32}Mi` } }, spec.resources),
              },
            ],
          },
          catalog.user,
        ),
      },
    },
  };
}
