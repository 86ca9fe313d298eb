// What the broker reads when it starts.
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
  cookie: '/run/rabbitmq/.erlang.cookie',
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

/**
 * Erlang wants its cookie in a file that nobody else can read, which a mounted Secret never is. And the broker does not start
 * where its own name cannot be resolved: it is told, so that it does not depend on how soon the cluster's DNS knows the Pod.
 *
 * The first broker starts by itself; each other one joins it when it starts for the first time, and waits until it can: two
 * that start without it would be a cluster of their own. Later each knows its cluster from its volume.
 */
export const startScript = `
set -eu
umask 077
cp ${paths.config}/erlang.cookie ${paths.cookie}.new
mv -f ${paths.cookie}.new ${paths.cookie}
domain="\${RABBITMQ_NODENAME#*.}"
first="rabbit@\${POD_NAME%-*}-0.$domain"
printf '{host, {127,0,0,1}, ["%s"]}.\\n{lookup, [file, native]}.\\n' "$POD_NAME.$domain" > ${paths.inetrc}
mkdir -p ${paths.moreConfig}
{
  echo "cluster_formation.peer_discovery_backend = classic_config"
  echo "cluster_formation.classic_config.nodes.1 = $first"
  [ "$RABBITMQ_NODENAME" = "$first" ] || echo "cluster_formation.classic_config.nodes.2 = $RABBITMQ_NODENAME"
} > ${paths.moreConfig}/peers.conf
if [ "$RABBITMQ_NODENAME" != "$first" ] && [ ! -e "${paths.data}/mnesia/$RABBITMQ_NODENAME" ]; then
  trap 'exit 143' TERM
  until ${paths.programs}/rabbitmqctl --node "$first" await_startup --timeout 60 > /dev/null 2>&1; do
    echo "waits for $first, to join its cluster"
    sleep 2
  done
fi
exec ${paths.programs}/rabbitmq-server
`.trim();
