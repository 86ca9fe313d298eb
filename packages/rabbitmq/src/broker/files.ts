// What the broker reads when it starts.
import type { Resources } from '@stackwright/api';
import { parseQuantity } from '@stackwright/kube';
import { hashingAlgorithm, passwordHash } from '../management/password-hash.js';

export const ports = { amqp: 5672, management: 15672, metrics: 15692 } as const;

export const paths = {
  config: '/etc/rabbitmq',
  /** The volume. */
  data: '/var/lib/rabbitmq',
  /** Files of one Pod's life that hold secrets: in memory. */
  run: '/run/rabbitmq',
  cookie: '/run/rabbitmq/.erlang.cookie',
  inetrc: '/run/rabbitmq/inetrc',
} as const;

/** Its administrator: the controller. */
export const administrator = 'admin';

export const defaultResources: Resources = { requests: { cpu: '100m', memory: '512Mi' } };

/** Besides the broker itself: the API that the controller uses, and metrics for Prometheus. */
export const enabledPlugins = '[rabbitmq_management,rabbitmq_prometheus].\n';

export function rabbitmqConf({ storage, resources }: { storage: string; resources?: Resources | undefined }): string {
  return `listeners.tcp.default = ${ports.amqp}
management.tcp.port = ${ports.management}
prometheus.tcp.port = ${ports.metrics}
load_definitions = ${paths.config}/definitions.json
default_queue_type = quorum
log.console = true
log.console.level = info
log.file = false
vm_memory_high_watermark.absolute = ${memoryWatermark(resources)}
disk_free_limit.absolute = ${Math.floor(parseQuantity(storage) / 20)}
raft.wal_max_size_bytes = ${64 * 2 ** 20}
`;
}

/**
 * Bytes above which whoever publishes is held back. Left alone, the broker counts on the whole node's memory. Of a limit it
 * takes the share that it would take of a machine; without one it may count on what it has requested.
 */
function memoryWatermark({ requests, limits }: Resources = {}): number {
  if (limits?.memory !== undefined) return Math.floor(parseQuantity(limits.memory) * 0.6);
  return parseQuantity(requests?.memory ?? defaultResources.requests?.memory ?? '512Mi');
}

/**
 * Imported at each start, before the first connection: the administrator's password is the Secret's, whatever it was before.
 * (`default_user` and `default_pass` would count on the first start alone.)
 */
export function definitions(password: string): string {
  const all = '.*';
  return `${JSON.stringify({
    users: [
      {
        name: administrator,
        password_hash: passwordHash(administrator, password),
        hashing_algorithm: hashingAlgorithm,
        tags: ['administrator'],
      },
    ],
    vhosts: [{ name: '/' }],
    permissions: [{ user: administrator, vhost: '/', configure: all, write: all, read: all }],
  })}\n`;
}

/**
 * Erlang wants its cookie in a file that nobody else can read, which a mounted Secret never is. And the broker does not start
 * where its own name cannot be resolved: it is told, so that it does not depend on how soon the cluster's DNS knows the Pod.
 */
export const startScript = `
set -eu
umask 077
cp ${paths.config}/erlang.cookie ${paths.cookie}.new
mv -f ${paths.cookie}.new ${paths.cookie}
printf '{host, {127,0,0,1}, ["%s"]}.\\n{lookup, [file, native]}.\\n' "\${RABBITMQ_NODENAME#*@}" > ${paths.inetrc}
exec /usr/lib/rabbitmq/bin/rabbitmq-server
`.trim();
