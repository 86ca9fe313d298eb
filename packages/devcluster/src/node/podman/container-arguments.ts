// A container of a Pod, as arguments of `podman run`.
import type { ContainerSpec, Mount } from '../runtime.js';
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
 * Environment variables that podman itself, conmon, the OCI runtime or their libraries would take for their own: these never
 * reach podman's environment.
 */
const PODMANS_OWN =
  /^(PATH|HOME|USER|SHELL.*|TERM|TMP|TMPDIR|TEMP.*|TZ.*|LANG.*|LC_.*|LOC.*|NLSPATH|XDG_.*|CONTAINERS?_.*|STORAGE_.*|REGISTRY_.*|BUILDAH_.*|DBUS_.*|LD_.*|GLIBC_.*|GCONV_.*|MALLOC_.*|RES_.*|HOSTALIASES|G_.*|GIO_.*|GO[A-Z]*|BASH.*|ENV|IFS|PYTHON.*|CRUN_.*|RUNC_.*|OCI_.*|NOTIFY_SOCKET|LISTEN_.*|SSL_CERT_.*|_.*|[A-Za-z]+_proxy|[A-Z]+_PROXY|DOCKER_.*|PODMAN_.*|CONMON_.*|CNI_.*|NETAVARK_.*)$/;
/** Bytes. A file of variables has one a line, and podman reads no longer lines than 64 kB. */
const LONGEST_LINE = 60_000;
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

export function containerName(
  clusterId: string,
  spec: Pick<ContainerSpec, 'namespace' | 'podName' | 'name' | 'podUid' | 'attempt'>,
): string {
  return ['sw', clusterId, spec.namespace, spec.podName, spec.name, spec.podUid, spec.attempt]
    .join('_')
    .replace(/[^a-zA-Z0-9_.-]/g, '-');
}

export interface ContainerArguments {
  /** What comes before the image's name but for `--env-file`, and what comes from it on. */
  options: string[];
  command: string[];
  /** Content for `--env-file`, in which no `ps` shows the values. */
  envFile: string;
  /** For podman's own environment: values of several lines, which that file cannot have. */
  env: Record<string, string>;
}

export function containerArguments(spec: ContainerSpec, around: Surroundings): ContainerArguments {
  const env: Record<string, string> = {};
  const lines: string[] = [];
  const options = [
    `--name=${containerName(around.clusterId, spec)}`,
    ...labels(spec, around).map(([key, value]) => `--label=${key}=${value}`),
    '--pull=never',
    '--restart=no',
    '--systemd=false',
    '--sdnotify=ignore',
    '--http-proxy=false',
    // An image's own HEALTHCHECK would be run by timers of the host, again and again: only a Pod says what is probed.
    '--no-healthcheck',
    ...around.host.baseArguments,
    // Directories of the runtime's own making, like its own /tmp: a Pod gets only what it names.
    '--read-only-tmpfs=false',
    ...network(around),
    ...around.files.map((file) => mount({ ...file, readOnly: false })),
    ...spec.mounts.map(mount),
    '--log-driver=k8s-file',
    `--log-opt=path=${around.logPath}`,
    `--log-opt=max-size=${MAX_LOG}`,
    ...identity(spec, around),
    ...security(spec),
    ...(around.host.limits ? limits(spec) : []),
    ...spec.env.flatMap(({ name, value }) => {
      const isPlain = PLAIN_NAME.test(name);
      if (isPlain && !/[\r\n]/.test(value) && Buffer.byteLength(value) < LONGEST_LINE) {
        lines.push(`${name}=${value}\n`);
        return [];
      }
      if (!isPlain || PODMANS_OWN.test(name)) return [`--env=${name}=${value}`];
      env[name] = value;
      return [`--env=${name}`];
    }),
    ...(spec.workingDir === undefined ? [] : [`--workdir=${spec.workingDir}`]),
    ...(around.pidNamespace === undefined ? [] : [`--pid=ns:${around.pidNamespace}`]),
    ...(spec.stdin ? ['--interactive'] : []),
    ...(spec.tty ? ['--tty'] : []),
    ...(spec.command === undefined ? [] : [`--entrypoint=${JSON.stringify(spec.command)}`]),
  ];
  // Whatever a user calls an image or an argument is none of podman's options.
  return { options, command: ['--', spec.image, ...(spec.args ?? [])], envFile: lines.join(''), env };
}

/** The fields are CSV: a path may hold colons, commas and quotes. */
function mount({ hostPath, containerPath, readOnly }: Mount): string {
  const fields = ['type=bind', `src=${hostPath}`, `dst=${containerPath}`, ...(readOnly ? ['ro=true'] : [])];
  return `--mount=${fields.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',')}`;
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
