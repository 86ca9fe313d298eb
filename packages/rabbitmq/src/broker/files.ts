// What the broker reads when it starts.
import { readFileSync } from 'node:fs';
import type { Resources } from '@stackwright/api';
import { parseQuantity } from '@stackwright/kube';
import { hashingAlgorithm, passwordHash } from '../management/password-hash.js';

/** Clients of a single broker know its Service, and not its Pod. */
export const clientService = true;

export const ports = { amqp: 5672, management: 15672, metrics: 15692 } as const;

export const paths = {
  /** Not those of /usr/sbin, which are for an init system. */
  programs: '/usr/lib/rabbitmq/bin',
  config: '/etc/rabbitmq',
  /** The volume. */
  data: '/var/lib/rabbitmq',
  /** Files of one Pod's life that hold secrets: in memory. */
  run: '/run/rabbitmq',
  inetrc: '/run/rabbitmq/inetrc',
  /** Read besides `rabbitmq.conf`. */
  moreConfig: '/run/rabbitmq/conf.d',
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
cluster_partition_handling = pause_minority
quorum_queue.continuous_membership_reconciliation.enabled = true
quorum_queue.continuous_membership_reconciliation.target_group_size = 3
quorum_queue.continuous_membership_reconciliation.interval = 60000
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

/** Waits for the cluster's first broker where it has to join it, then starts. */
export const startCommand: string[] = [
  ...['sh', '-c', readFileSync(new URL('./start.sh', import.meta.url), 'utf8'), 'start'],
  ...[paths.config, paths.data, paths.run, paths.programs],
];
