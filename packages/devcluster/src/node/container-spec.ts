// A container of a Pod as the runtime gets it.
import type { Pod } from '@stackwright/kube';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import { quantity } from '../shared/quantity.js';
import type { Stored } from '../shared/objects.js';
import { buildEnv, expand, expandAll, type EnvContext } from './env.js';
import { RuntimeError, type ContainerSpec, type Mount, type SandboxSpec } from './runtime.js';
import type { ClusterDns } from './node-context.js';
import { VolumeError } from './volumes/error.js';
import type { Volumes } from './volumes/volumes.js';

export const TERMINATION_PATH = '/dev/termination-log';

export async function buildContainerSpec(
  pod: Stored<Pod>,
  container: Container,
  attempt: number,
  env: EnvContext,
  volumes: Volumes,
): Promise<ContainerSpec> {
  const variables = buildEnv(container, env);
  const byName = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
  const security = { ...pod.spec?.securityContext, ...container.securityContext };
  const limits = container.resources?.limits ?? {};
  const { fsGroup, supplementalGroups = [] } = pod.spec?.securityContext ?? {};
  return {
    podUid: pod.metadata.uid,
    namespace: pod.metadata.namespace,
    podName: pod.metadata.name,
    name: container.name,
    attempt,
    image: container.image ?? '',
    ...(container.command ? { command: expandAll(container.command, byName) } : {}),
    ...(container.args ? { args: expandAll(container.args, byName) } : {}),
    env: variables,
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    mounts: await buildMounts(pod, container, attempt, byName, volumes),
    ports: (container.ports ?? []).map(({ name, containerPort, protocol = 'TCP' }) => ({
      ...(name ? { name } : {}),
      containerPort,
      protocol,
    })),
    ...(security.runAsUser === undefined ? {} : { user: security.runAsUser }),
    ...(security.runAsGroup === undefined ? {} : { group: security.runAsGroup }),
    supplementalGroups: [...new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])])],
    readOnlyRootFilesystem: security.readOnlyRootFilesystem ?? false,
    privileged: security.privileged ?? false,
    allowPrivilegeEscalation: security.allowPrivilegeEscalation ?? true,
    capabilities: { add: security.capabilities?.add ?? [], drop: security.capabilities?.drop ?? [] },
    ...(limits['memory'] === undefined ? {} : { memoryLimitBytes: Math.ceil(quantity(limits['memory'])) }),
    ...(limits['cpu'] === undefined ? {} : { cpuLimit: quantity(limits['cpu']) }),
    tty: container.tty ?? false,
    ...(container.stdin ? { stdin: true } : {}),
  };
}

async function buildMounts(
  pod: Stored<Pod>,
  container: Container,
  attempt: number,
  env: Record<string, string>,
  volumes: Volumes,
): Promise<Mount[]> {
  try {
    const mounts: Mount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const subPath = mount.subPathExpr === undefined ? mount.subPath : expand(mount.subPathExpr, env);
      mounts.push(await volumes.mount(pod, mount, subPath));
    }
    const hostPath = await volumes.terminationFile(pod.metadata.uid, container.name, attempt);
    return [
      ...mounts,
      { hostPath, containerPath: container.terminationMessagePath ?? TERMINATION_PATH, readOnly: false },
    ];
  } catch (error) {
    if (error instanceof VolumeError) throw new RuntimeError('CreateContainerConfigError', error.message, error);
    throw error;
  }
}

export function buildSandboxSpec(pod: Stored<Pod>, dns: ClusterDns | undefined): SandboxSpec {
  const { hostname, hostNetwork, hostAliases = [] } = pod.spec ?? {};
  const resolver = dnsOf(pod, dns);
  return {
    podUid: pod.metadata.uid,
    namespace: pod.metadata.namespace,
    podName: pod.metadata.name,
    hostname: (hostname ?? pod.metadata.name).slice(0, 63).replace(/[-.]+$/, ''),
    hostNetwork: hostNetwork ?? false,
    ...(resolver ? { dns: resolver } : {}),
    hostAliases: hostAliases.map(({ ip, hostnames = [] }) => ({ ip: ip ?? '', hostnames })),
  };
}

/** Undefined: the Pod resolves names as its host does. */
function dnsOf(pod: Stored<Pod>, dns: ClusterDns | undefined): SandboxSpec['dns'] {
  const { dnsPolicy = 'ClusterFirst', hostNetwork, dnsConfig } = pod.spec ?? {};
  const clusterFirst = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  const own = (dnsConfig?.options ?? []).map(({ name = '', value }) =>
    value === undefined ? name : `${name}:${value}`,
  );
  const nameserver = dnsConfig?.nameservers?.[0];
  if (clusterFirst && dns) {
    const searches = [
      `${pod.metadata.namespace}.svc.${dns.domain}`,
      `svc.${dns.domain}`,
      dns.domain,
      ...(dnsConfig?.searches ?? []),
    ];
    return { nameserver: dns.nameserver, searches, options: ['ndots:5', ...own] };
  }
  if (dnsPolicy === 'None' && nameserver) return { nameserver, searches: dnsConfig?.searches ?? [], options: own };
  return undefined;
}
