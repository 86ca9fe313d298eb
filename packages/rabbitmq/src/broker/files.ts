// What the broker reads when it starts.
import { readFileSync } from 'node:fs';
import type { Resources, ServerConfig } from '@stackwright/api';
import { parseQuantity } from '@stackwright/kube';
import { mergeServerConfig, owned, type ServerOption } from '@stackwright/openstack';
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
  /** What brokers and tools have in their environment besides. */
  environment: '/run/rabbitmq/env.conf',
  /** Read besides `rabbitmq.conf`. */
  moreConfig: '/run/rabbitmq/conf.d',
} as const;

/** Its administrator: the controller. */
export const administrator = 'admin';

export const defaultResources: Resources = { requests: { cpu: '100m', memory: '512Mi' } };

/** Besides the broker itself: the API that the controller uses, and metrics for Prometheus. */
export const enabledPlugins = '[rabbitmq_management,rabbitmq_prometheus].\n';

const place = 'it is where the Pod has it';

function ownKeys({
  volume,
  resources,
}: {
  volume: string;
  resources?: Resources | undefined;
}): Record<string, ServerOption> {
  return {
    // Of both families, where the Pod has both.
    'listeners.tcp.default': owned(ports.amqp, place),
    'management.tcp.port': owned(ports.management, place),
    'prometheus.tcp.port': owned(ports.metrics, place),
    load_definitions: owned(`${paths.config}/definitions.json`, 'it holds the administrator'),
    default_queue_type: owned('quorum', 'the services are told to use quorum queues'),
    'log.console': true,
    'log.console.level': 'info',
    'log.file': owned(false, 'there is nothing to write it to'),
    'vm_memory_high_watermark.absolute': memoryWatermark(resources),
    'disk_free_limit.absolute': Math.floor(parseQuantity(volume) / 20),
    'raft.wal_max_size_bytes': 64 * 2 ** 20,
    cluster_partition_handling: 'pause_minority',
    'quorum_queue.continuous_membership_reconciliation.enabled': true,
    'quorum_queue.continuous_membership_reconciliation.target_group_size': 3,
    'quorum_queue.continuous_membership_reconciliation.interval': 60_000,
  };
}

/** Keys and families of keys that move what the controller owns, and why not. */
const refusedKeys: readonly (readonly [RegExp, string])[] = [
  [/^cluster_(formation|name)\b/, 'brokers find each other by the names of their Pods'],
  [/^(listeners|management\.(tcp|ssl|listener)|prometheus\.(tcp|ssl))\b/, place],
  [
    /^(default_user|default_pass|default_vhost|default_user_tags|default_permissions|loopback_users)\b/,
    'the controller makes users and virtual hosts',
  ],
  [/^(definitions|load_definitions|management\.load_definitions)\b/, 'it holds the administrator'],
  [/^(auth_backends|auth_mechanisms)\b/, 'the controller logs in by a password that the broker keeps'],
  [/^(log\.dir|log\.file|mnesia|quorum_queue\.data|raft\.data_dir|osiris)\b/, place],
];

/**
 * Two keys for one thing: whoever sets one of them has not set ours. Theirs counts alone, since the broker would take the absolute
 * one all the same.
 */
const alternatives: Readonly<Record<string, string>> = {
  'vm_memory_high_watermark.relative': 'vm_memory_high_watermark.absolute',
  'disk_free_limit.relative': 'disk_free_limit.absolute',
};

/** Throws a ConfigError. `volume`: the size with which the volumes were made, so that one that grows stops no broker. */
export function rabbitmqConf(
  spec: { resources?: Resources | undefined; config?: ServerConfig | undefined },
  volume: string,
): string {
  const ours = ownKeys({ ...spec, volume });
  for (const [theirs, own] of Object.entries(alternatives)) {
    if (spec.config && Object.hasOwn(spec.config, theirs)) delete ours[own];
  }
  const merged = mergeServerConfig(ours, spec.config, {
    refuses: (key) => refusedKeys.find(([pattern]) => pattern.test(key))?.[1],
  });
  return Object.entries(merged)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('');
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

/** Shows keys to the broker of the image. */
export const configCheckProgram = readFileSync(new URL('./config-check.sh', import.meta.url), 'utf8');

/** Waits for the cluster's first broker where it has to join it, then starts. */
export const startCommand: string[] = [
  ...['sh', '-c', readFileSync(new URL('./start.sh', import.meta.url), 'utf8'), 'start'],
  ...[paths.config, paths.data, paths.run, paths.programs],
];
