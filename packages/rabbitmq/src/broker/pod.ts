import type { PodSpec, StepScope } from '@stackwright/graph';
import { configSecret, imageOf, resourcesOf, serviceOfPods } from '@stackwright/openstack';
import { catalog } from '../catalog.js';
import type { RabbitMQ } from '../crd.js';
import { clientService, defaultResources, paths, ports, startCommand } from './files.js';

const awaitMajority = [`${paths.programs}/rabbitmq-upgrade`, 'await_online_quorum_plus_one', '--timeout', '60'];

export function brokerPod({ name, namespace, object }: StepScope<RabbitMQ>): PodSpec {
  const { spec } = object;
  // Data belongs to the name of a broker, so it must never change; and by it brokers of a cluster find each other.
  const node = `rabbit@$(POD_NAME).${serviceOfPods(name, clientService)}.${namespace}`;
  const accepts = { tcpSocket: { port: 'amqp' } };
  const mounts = [
    { name: 'data', mountPath: paths.data },
    { name: 'run', mountPath: paths.run },
    { name: 'tmp', mountPath: '/tmp' },
    { name: 'config', mountPath: paths.config, readOnly: true },
  ];
  return {
    // Time to write out what is only in memory yet.
    terminationGracePeriodSeconds: 120,
    containers: [
      {
        name: 'rabbitmq',
        image: imageOf(catalog.image, spec.image),
        command: startCommand,
        env: [
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'RABBITMQ_CONF_ENV_FILE', value: paths.environment },
          { name: 'RABBITMQ_NODENAME', value: node },
          { name: 'RABBITMQ_USE_LONGNAME', value: 'true' },
          { name: 'RABBITMQ_LOGS', value: '-' },
          { name: 'HOME', value: paths.run },
          { name: 'ERL_INETRC', value: paths.inetrc },
          { name: 'RABBITMQ_CONFIG_FILES', value: paths.moreConfig },
        ],
        ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })),
        // The last port to open. A command of the broker's own takes a second of CPU each time.
        // Recovery of many messages may take minutes.
        startupProbe: { ...accepts, periodSeconds: 1, failureThreshold: 900 },
        readinessProbe: { ...accepts, periodSeconds: 5 },
        // The kernel accepts connections for a broker that hangs; only an answer shows that it runs.
        livenessProbe: {
          httpGet: { path: '/', port: 'management' },
          periodSeconds: 20,
          timeoutSeconds: 10,
          failureThreshold: 6,
        },
        // Not while queues would be left without a majority; but no longer than a drained node can wait.
        ...(spec.replicas > 1 ? { lifecycle: { preStop: { exec: { command: awaitMajority } } } } : {}),
        resources: resourcesOf(defaultResources, spec.resources),
        volumeMounts: mounts,
      },
    ],
    volumes: [
      { name: 'config', secret: { secretName: configSecret(name), defaultMode: 0o440 } },
      { name: 'run', emptyDir: { medium: 'Memory' } },
      { name: 'tmp', emptyDir: {} },
    ],
  };
}
