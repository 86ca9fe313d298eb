// A container of a Pod, as arguments of `podman run`.
import type { ContainerSpec } from '../runtime.js';
import type { HostProfile } from './host.js';

export const LABELS = {
  cluster: 'dev.stackwright.devcluster',
  podUid: 'dev.stackwright.pod-uid',
  container: 'dev.stackwright.container',
  attempt: 'dev.stackwright.attempt',
  logPath: 'dev.stackwright.log-path',
} as const;

export interface Surroundings {
  clusterId: string;
  host: Pick<HostProfile, 'baseArguments' | 'limits'>;
  hostname: string;
  /** Network namespace; undefined for the host's. */
  networkNamespace: string | undefined;
  /** Files of the Pod that containers see under /etc. */
  files: readonly { hostPath: string; containerPath: string }[];
  logPath: string;
  /** Path of another container's; undefined for one of its own. */
  pidNamespace?: string;
  /** The image's own user, for when only a group is asked for. */
  imageUser: string;
}

/** At this size a container's log starts anew. */
const MAX_LOG = '64mb';

/**
 * Environment variables that podman itself, conmon or the OCI runtime would take for their own: these become
 * arguments, all others go through podman's environment, where no `ps` shows their values.
 */
const PODMANS_OWN =
  /^(PATH|HOME|USER|TERM|TMPDIR|LANG|LC_.*|XDG_.*|CONTAINERS?_.*|STORAGE_.*|REGISTRY_.*|BUILDAH_.*|DBUS_.*|LD_.*|GO[A-Z]*|NOTIFY_SOCKET|LISTEN_.*|SSL_CERT_.*|_.*|[A-Za-z]+_proxy|[A-Z]+_PROXY|DOCKER_.*|PODMAN_.*|CONMON_.*|CNI_.*|NETAVARK_.*)$/;

export function containerName(
  clusterId: string,
  spec: Pick<ContainerSpec, 'namespace' | 'podName' | 'name' | 'podUid' | 'attempt'>,
): string {
  return ['sw', clusterId, spec.namespace, spec.podName, spec.name, spec.podUid, spec.attempt]
    .join('_')
    .replace(/[^a-zA-Z0-9_.-]/g, '-');
}

export function containerArguments(
  spec: ContainerSpec,
  around: Surroundings,
): { args: string[]; env: Record<string, string> } {
  const env: Record<string, string> = {};
  const args = [
    `--name=${containerName(around.clusterId, spec)}`,
    ...labels(spec, around).map(([key, value]) => `--label=${key}=${value}`),
    '--pull=never',
    '--restart=no',
    '--systemd=false',
    '--sdnotify=ignore',
    '--http-proxy=false',
    ...around.host.baseArguments,
    // Directories of the runtime's own making, like its own /tmp: a Pod gets only what it names.
    '--read-only-tmpfs=false',
    ...network(around),
    ...around.files.map(({ hostPath, containerPath }) => `--volume=${hostPath}:${containerPath}`),
    ...spec.mounts.map(
      ({ hostPath, containerPath, readOnly }) => `--volume=${hostPath}:${containerPath}${readOnly ? ':ro' : ''}`,
    ),
    '--log-driver=k8s-file',
    `--log-opt=path=${around.logPath}`,
    `--log-opt=max-size=${MAX_LOG}`,
    ...identity(spec, around),
    ...security(spec),
    ...(around.host.limits ? limits(spec) : []),
    ...spec.env.map(({ name, value }) => {
      if (PODMANS_OWN.test(name)) return `--env=${name}=${value}`;
      env[name] = value;
      return `--env=${name}`;
    }),
    ...(spec.workingDir === undefined ? [] : [`--workdir=${spec.workingDir}`]),
    ...(around.pidNamespace === undefined ? [] : [`--pid=ns:${around.pidNamespace}`]),
    ...(spec.stdin ? ['--interactive'] : []),
    ...(spec.tty ? ['--tty'] : []),
    ...(spec.command === undefined ? [] : [`--entrypoint=${JSON.stringify(spec.command)}`]),
    spec.image,
    ...(spec.args ?? []),
  ];
  return { args, env };
}

const labels = (spec: ContainerSpec, around: Surroundings): (readonly [string, string])[] => [
  [LABELS.cluster, around.clusterId],
  [LABELS.podUid, spec.podUid],
  [LABELS.container, spec.name],
  [LABELS.attempt, String(spec.attempt)],
  [LABELS.logPath, around.logPath],
];

const network = ({ networkNamespace, hostname }: Surroundings): string[] =>
  networkNamespace === undefined
    ? ['--network=host']
    : [`--network=ns:${networkNamespace}`, `--hostname=${hostname}`, '--no-hosts'];

function identity({ user, group, supplementalGroups }: ContainerSpec, { imageUser }: Surroundings): string[] {
  const name = user === undefined ? (group === undefined ? undefined : imageUser.split(':')[0] || '0') : String(user);
  return [
    ...(name === undefined ? [] : [`--user=${name}${group === undefined ? '' : `:${group}`}`]),
    ...supplementalGroups.map((id) => `--group-add=${id}`),
  ];
}

function security(spec: ContainerSpec): string[] {
  const root = spec.readOnlyRootFilesystem ? ['--read-only'] : [];
  if (spec.privileged) return [...root, '--privileged'];
  return [
    ...root,
    ...spec.capabilities.drop.map((name) => `--cap-drop=${name.toLowerCase() === 'all' ? 'all' : name}`),
    ...spec.capabilities.add.map((name) => `--cap-add=${name}`),
    ...(spec.allowPrivilegeEscalation ? [] : ['--security-opt=no-new-privileges']),
  ];
}

const limits = ({ memoryLimitBytes, cpuLimit }: ContainerSpec): string[] => [
  // As much swap as memory means none.
  ...(memoryLimitBytes === undefined ? [] : [`--memory=${memoryLimitBytes}b`, `--memory-swap=${memoryLimitBytes}b`]),
  ...(cpuLimit === undefined ? [] : [`--cpus=${cpuLimit}`]),
];
